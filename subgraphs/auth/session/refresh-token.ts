import { createHash, createHmac, hkdfSync, type KeyObject, timingSafeEqual } from 'node:crypto'
import { decodeId, encodeId } from '../../../platform/ids.ts'
import { rootSecret } from '../keys/root-secret.ts'

const FORMAT = /^(ses_[0-9a-z]{26})\.([1-9]\d{0,8})\.([\w-]{43})$/
const MAC_BYTES = 32

/** A refresh token taken apart. Whether it is genuine is not said by its form. */
export interface PresentedRefreshToken {
  /** The session's UUID. */
  readonly sessionId: string
  /** How many tokens the session has had, this one included. */
  readonly generation: number
  readonly text: string
}

/**
 * Makes and recognises refresh tokens: `<session id>.<generation>.<MAC>`, where the MAC is HMAC-SHA256 (256 bits,
 * base64url) over the two before it. The key is derived from the signing key, so every replica makes the same token
 * for a generation: a successor can be given again, and an old token is known to be ours, with no token stored.
 */
export class RefreshTokenCodec {
  readonly #macKey: Uint8Array

  constructor(signingKey: KeyObject) {
    this.#macKey = new Uint8Array(hkdfSync('sha256', rootSecret(signingKey), '', 'parley refresh token v1', MAC_BYTES))
  }

  /** The token of one generation of a session. */
  encode(sessionId: string, generation: number): string {
    const covered = `${encodeId('ses', sessionId)}.${generation}`
    return `${covered}.${createHmac('sha256', this.#macKey).update(covered).digest('base64url')}`
  }

  /** Takes a token apart; undefined when it does not have the form of one. */
  parse(text: string): PresentedRefreshToken | undefined {
    const [, id, generation] = FORMAT.exec(text) ?? []
    if (!id || !generation) return undefined
    try {
      return { sessionId: decodeId('ses', id), generation: Number(generation), text }
    } catch {
      return undefined
    }
  }

  /** Whether we gave this token out. */
  isGenuine(token: PresentedRefreshToken): boolean {
    return timingSafeEqual(Buffer.from(token.text), Buffer.from(this.encode(token.sessionId, token.generation)))
  }
}

/** What the database keeps of a token. 256 random-looking bits need no slow hash. */
export function refreshTokenDigest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
