import jsonwebtoken from 'jsonwebtoken'
import { z } from 'zod'
import { UnauthenticatedError } from './errors.ts'
import { decodeId } from './ids.ts'
import type { KeySet } from './key-set.ts'
import type { Revocations } from './revocation-list.ts'

/** Who is asking, as their access token proves it. Ids are UUIDs. */
export interface Viewer {
  readonly userId: string
  readonly sessionId: string
  /** Which version of the user's rights the token was made for; a change of roles refuses the lower ones. */
  readonly tokenVersion: number
  readonly scope: ReadonlySet<string>
  readonly expiresAt: Date
}

/** The order of one session's tokens: by the rights they were made for, then by their expiry. */
export function isNewerToken(one: Viewer, other: Viewer): boolean {
  if (one.tokenVersion !== other.tokenVersion) return one.tokenVersion > other.tokenVersion
  return one.expiresAt > other.expiresAt
}

/** The `typ` of our access tokens (RFC 9068 §2.1): a token made for another purpose is refused. */
export const ACCESS_TOKEN_TYPE = 'at+jwt'

/** How far apart the clocks of two processes may be, and how far in the future a token may claim to have been issued. */
export const CLOCK_SKEW_SECONDS = 60

const header = z.object({
  alg: z.literal('ES256'),
  typ: z.literal(ACCESS_TOKEN_TYPE),
  kid: z.string().min(1).max(128),
  // RFC 7515 §4.1.11: an extension we do not understand must be refused; we understand none.
  crit: z.undefined().optional(),
})

const claims = z.object({
  sub: z.string(),
  sid: z.string(),
  iat: z.number(),
  exp: z.number(),
  ver: z.int().nonnegative().default(0),
  scope: z.string().default(''),
})

/** Verifies access tokens as DESIGN §7 lists it: alg, typ, kid, crit, signature, iss, aud, exp, nbf, iat, sub and sid. */
export class AccessTokenVerifier {
  readonly #keys: KeySet
  readonly #issuer: string
  readonly #audience: string
  readonly #revocations: Revocations | undefined
  readonly #now: () => Date

  /** @param options.revocations without it, tokens that were revoked are accepted until they expire. */
  constructor(options: {
    keys: KeySet
    issuer: string
    audience: string
    revocations?: Revocations | undefined
    now?: (() => Date) | undefined
  }) {
    this.#keys = options.keys
    this.#issuer = options.issuer
    this.#audience = options.audience
    this.#revocations = options.revocations
    this.#now = options.now ?? (() => new Date())
  }

  /**
   * The viewer an `Authorization` header proves (RFC 6750 §2.1), or null when there is none.
   *
   * @throws UnauthenticatedError when there is one that proves nothing.
   */
  async viewerFrom(authorization: string | undefined): Promise<Viewer | null> {
    if (authorization === undefined) return null
    const [, token] = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization) ?? []
    if (!token) throw new UnauthenticatedError()
    return this.verify(token)
  }

  /** @throws UnauthenticatedError when the token is malformed, expired, forged or not meant for us. */
  async verify(token: string): Promise<Viewer> {
    const key = await this.#keys.find(readHeader(token).kid)
    if (!key) throw new UnauthenticatedError()
    const seconds = Math.floor(this.#now().getTime() / 1000)
    try {
      const payload = jsonwebtoken.verify(token, key, {
        algorithms: ['ES256'],
        issuer: this.#issuer,
        audience: this.#audience,
        clockTimestamp: seconds,
      })
      return this.requireCurrent(toViewer(payload, seconds))
    } catch (error) {
      throw new UnauthenticatedError({ cause: error })
    }
  }

  /**
   * The viewer, if what proved them still holds: streams ask again for every event.
   *
   * @throws UnauthenticatedError when the token has expired or was revoked.
   */
  requireCurrent(viewer: Viewer): Viewer {
    if (viewer.expiresAt <= this.#now() || this.#revocations?.isRevoked(viewer)) throw new UnauthenticatedError()
    return viewer
  }
}

/** @throws UnauthenticatedError */
function readHeader(token: string): z.infer<typeof header> {
  try {
    return header.parse(JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()))
  } catch (error) {
    throw new UnauthenticatedError({ cause: error })
  }
}

/** No token of ours lives longer: whoever got hold of a key for a moment cannot make one for years. */
export const LONGEST_LIFE_SECONDS = 86_400

function toViewer(payload: unknown, seconds: number): Viewer {
  const { sub, sid, iat, exp, ver, scope } = claims.parse(payload)
  if (iat > seconds + CLOCK_SKEW_SECONDS || exp > iat + LONGEST_LIFE_SECONDS) throw new UnauthenticatedError()
  return {
    userId: decodeId('usr', sub),
    sessionId: decodeId('ses', sid),
    tokenVersion: ver,
    scope: new Set(scope.split(' ').filter((item) => item !== '')),
    expiresAt: new Date(exp * 1000),
  }
}
