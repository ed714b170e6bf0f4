import { parseArgs } from 'node:util'

/** No run goes beyond these, whatever it is told: it is for one's own machine. `rate` is of messages a second. */
export const HARD_LIMITS = { users: 2_000, minutes: 60, rate: 200 } as const

/** What to load, how much and for how long. */
export interface LoadOptions {
  /** The gateway's origin, on this machine; undefined: a graph of the run's own. */
  readonly url: string | undefined
  readonly users: number
  readonly minutes: number
  /** Messages a second, of all users together. */
  readonly rate: number
  /** The share (0 to 1) of messages that ask the assistant. */
  readonly replies: number
  readonly seed: number
  /** Where the chart goes. */
  readonly out: string
  /** Where the accounts made on a deployment that goes on living are kept. */
  readonly accounts: string
}

/** An argument that cannot be taken; the message says what can. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/**
 * Reads the command line.
 *
 * @throws UsageError for an argument that is unknown, out of bounds, or an address that is not this machine's.
 */
export function readLoadOptions(args: readonly string[]): LoadOptions {
  const values = parse(args)
  const users = within('users', values.users, 1, HARD_LIMITS.users)
  if (!Number.isInteger(users)) throw new UsageError('--users must be a whole number.')
  const defaultRate = String(Math.min(HARD_LIMITS.rate, Math.max(1, users / 10)))
  return {
    users,
    url: values.url === undefined ? undefined : loopbackOrigin(values.url),
    minutes: within('minutes', values.minutes, 0.01, HARD_LIMITS.minutes),
    rate: within('rate', values.rate ?? defaultRate, 0.01, HARD_LIMITS.rate),
    replies: within('replies', values.replies, 0, 1),
    seed: Math.trunc(within('seed', values.seed, 0, Number.MAX_SAFE_INTEGER)),
    out: values.out,
    accounts: values.accounts,
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        url: { type: 'string' },
        users: { type: 'string', default: '20' },
        minutes: { type: 'string', default: '1' },
        rate: { type: 'string' },
        replies: { type: 'string', default: '0.02' },
        seed: { type: 'string', default: '1' },
        out: { type: 'string', default: 'test-results/load.svg' },
        accounts: { type: 'string', default: '.parley/load-accounts.json' },
      },
    }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function within(name: string, value: string, least: number, most: number): number {
  const number = value.trim() === '' ? Number.NaN : Number(value)
  if (number >= least && number <= most) return number
  throw new UsageError(`--${name} must be a number from ${least} to ${most}.`)
}

/**
 * The origin of a URL that leads to this machine: 127.0.0.0/8, ::1 or localhost. Load from elsewhere is an attack.
 *
 * @throws UsageError for any other address.
 */
export function loopbackOrigin(value: string): string {
  const url = URL.canParse(value) ? new URL(value) : undefined
  const isHttp = url?.protocol === 'http:' || url?.protocol === 'https:'
  // URL writes every form of an IPv4 address as four numbers.
  const isHere = /^(127\.\d+\.\d+\.\d+|\[::1\]|localhost)$/u.test(url?.hostname ?? '')
  if (url && isHttp && isHere) return url.origin
  throw new UsageError(
    `--url must be a gateway on this machine, such as http://127.0.0.1:4000 (127.0.0.0/8, ::1 or localhost), ` +
      `not ${value}. Run the generator on the machine of the deployment that it loads.`,
  )
}
