import { addressKey } from '../../../platform/address-key.ts'
import { RateLimitedError } from '../../../platform/errors.ts'
import type { RateLimiter, RateLimiters } from '../../../platform/rate-limiter.ts'

const MINUTE = 60
const QUARTER_OF_AN_HOUR = 15 * MINUTE
const HOUR = 60 * MINUTE
/** To one email address in a quarter of an hour: a sign-up's, and a few for somebody who does not find them. */
export const MOST_MAILS = 6
/** Behind one address can be a household or an office. */
const ACCOUNTS_BEHIND_AN_ADDRESS = 6

/** A try that counts already, because it was counted before anybody knew how it would end. */
export interface Attempt {
  /** It was right, or nothing could be tried after all: it does not count. Saying so again changes nothing. */
  succeeded(): Promise<void>
}

/**
 * How often what can be guessed or flooded may be tried. Every try counts before it is made, so that thirty at once, or
 * in one operation under thirty aliases, are thirty. Passwords and codes of a second factor are given back when they were
 * right, passwords also when the server was too busy to check them; all else counts however it ends.
 *
 * Where an address and something else are counted, the address comes first: one that is blocked takes nothing of
 * somebody's account or mailbox. Where the other refuses, the address gets its point back, because nothing was tried:
 * an account that is blocked does not block those who share an address with its owner.
 *
 * All methods but `mayMail` throw RateLimitedError, in words that do not depend on whether there is such an account.
 */
export class AccountLimits {
  readonly #signUps: RateLimiter
  readonly #signInsOfAddress: RateLimiter
  readonly #signInsOfAccount: RateLimiter
  readonly #secondFactors: RateLimiter
  readonly #mailsOfAddress: RateLimiter
  readonly #mailsOfEmail: RateLimiter
  readonly #mailedTokens: RateLimiter
  readonly #dataExports: RateLimiter

  constructor(limiters: RateLimiters, limits: { signUpsPerMinute: number; signInFailuresPerMinute: number }) {
    const create = (name: string, points: number, seconds: number, message: string) =>
      limiters.create({ name, points, seconds, message })
    const failures = limits.signInFailuresPerMinute
    const signInsFailed = 'Too many sign-ins failed.'
    const mailsRequested = 'Too many mails were requested.'
    this.#signUps = create('sign-up', limits.signUpsPerMinute, MINUTE, 'Too many sign-ups come from this address.')
    this.#signInsOfAddress = create('sign-in-address', ACCOUNTS_BEHIND_AN_ADDRESS * failures, MINUTE, signInsFailed)
    this.#signInsOfAccount = create('sign-in-account', failures, MINUTE, signInsFailed)
    this.#secondFactors = create('second-factor', 10, QUARTER_OF_AN_HOUR, 'Too many codes were wrong.')
    this.#mailsOfAddress = create('mail-address', 20, MINUTE, mailsRequested)
    this.#mailsOfEmail = create('mail-email', MOST_MAILS, QUARTER_OF_AN_HOUR, mailsRequested)
    this.#mailedTokens = create('mailed-token', 20, MINUTE, 'Too many links from mails were tried.')
    this.#dataExports = create('data-export', 10, HOUR, 'Your data was exported too often.')
  }

  /** One more account from an address: `signUpsPerMinute`, however they end. */
  signUp(address: string | null): Promise<void> {
    return this.#signUps.take(addressKey(address))
  }

  /**
   * One more password, at a sign-in or of somebody signed in who is asked for it again: `signInFailuresPerMinute`
   * failures for an account, six times as many for an address.
   *
   * @param account what the failures are counted by. At a sign-in the login in its unique form, whether or not it names
   *   somebody; its beginning when it can name nobody. For a password that is asked for again the user's id. So an
   *   account's username, its email address and its id are counted apart.
   */
  async signIn(address: string | null, account: string): Promise<Attempt> {
    return attempt(await takeBoth([this.#signInsOfAddress, addressKey(address)], [this.#signInsOfAccount, account]))
  }

  /** One more code of a second factor, of either kind: 10 wrong ones of a user in 15 minutes. */
  async secondFactor(userId: string): Promise<Attempt> {
    await this.#secondFactors.take(userId)
    return attempt([[this.#secondFactors, userId]])
  }

  /** One more mail: 6 in 15 minutes to one email address, whoever asks, and 20 a minute at the request of an address. */
  async mail(address: string | null, emailKey: string): Promise<void> {
    await takeBoth([this.#mailsOfAddress, addressKey(address)], [this.#mailsOfEmail, emailKey])
  }

  /**
   * One more mail to an email address that nobody asked for by itself: whether it may be sent, counted with those of
   * `mail`.
   */
  async mayMail(emailKey: string): Promise<boolean> {
    try {
      await this.#mailsOfEmail.take(emailKey)
      return true
    } catch (error) {
      if (error instanceof RateLimitedError) return false
      throw error
    }
  }

  /** One more token that claims to come from a mail: 20 a minute from an address, however they end. */
  mailedToken(address: string | null): Promise<void> {
    return this.#mailedTokens.take(addressKey(address))
  }

  /** One more export of a user's data: 10 an hour, however they end. */
  dataExport(userId: string): Promise<void> {
    return this.#dataExports.take(userId)
  }
}

type Point = readonly [limiter: RateLimiter, key: string]

/** Takes both points or neither. */
async function takeBoth(first: Point, second: Point): Promise<readonly Point[]> {
  await take(first)
  try {
    await take(second)
  } catch (error) {
    await giveBack(first)
    throw error
  }
  return [first, second]
}

function attempt(points: readonly Point[]): Attempt {
  let hasSucceeded = false
  return {
    async succeeded() {
      if (hasSucceeded) return
      hasSucceeded = true
      await Promise.all(points.map(giveBack))
    },
  }
}

const take = ([limiter, key]: Point) => limiter.take(key)
const giveBack = ([limiter, key]: Point) => limiter.giveBack(key)
