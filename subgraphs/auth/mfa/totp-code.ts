import { randomBytes } from 'node:crypto'
import { NobleCryptoPlugin, ScureBase32Plugin, TOTP } from 'otplib'

/** As long as HMAC-SHA-1's output (RFC 4226 §4, R6). */
const SECRET_BYTES = 20
const PERIOD_SECONDS = 30

const base32 = new ScureBase32Plugin()

/** What every authenticator app takes for granted. */
const totp = new TOTP({
  issuer: 'Parley',
  algorithm: 'sha1',
  digits: 6,
  period: PERIOD_SECONDS,
  crypto: new NobleCryptoPlugin(),
  base32,
})

/** A shared secret for an authenticator app: 160 random bits. */
export function newTotpSecret(): Buffer {
  return randomBytes(SECRET_BYTES)
}

/** What an authenticator app is told of a secret. */
export interface TotpSecretForm {
  /** In base32 (RFC 4648), for typing in. */
  readonly secret: string
  /** The same as an `otpauth:` URL (Google's Key URI Format), for a QR code. */
  readonly otpauthUrl: string
}

/** @param account what the app shows below "Parley", to tell accounts apart. */
export function totpSecretForm(secret: Uint8Array, account: string): TotpSecretForm {
  const text = base32.encode(secret)
  return { secret: text, otpauthUrl: totp.toURI({ label: account, secret: text }) }
}

/**
 * The time step whose code this is, if it is the step of this moment, the one before or the one after (RFC 6238 §5.2,
 * §6). Steps count 30 seconds since 1970.
 *
 * @param code six ASCII digits.
 */
export async function totpStepOf(secret: Uint8Array, code: string, moment: Date): Promise<number | undefined> {
  const epoch = Math.floor(moment.getTime() / 1000)
  const result = await totp.verify(code, { secret, epoch, epochTolerance: PERIOD_SECONDS })
  return result.valid ? result.timeStep : undefined
}
