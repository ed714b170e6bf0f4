import jsonwebtoken from 'jsonwebtoken'
import { z } from 'zod'
import { UnauthenticatedError } from './errors.ts'
import { decodeId } from './ids.ts'
import type { KeySet } from './key-set.ts'

/** Who is asking, as their access token proves it. Ids are UUIDs. */
export interface Viewer {
  readonly userId: string
  readonly sessionId: string
  readonly scope: ReadonlySet<string>
  readonly expiresAt: Date
}

/** The `typ` of our access tokens (RFC 9068 §2.1): a token made for another purpose is refused. */
export const ACCESS_TOKEN_TYPE = 'at+jwt'

/** How far in the future a token may claim to have been issued. */
const CLOCK_SKEW_SECONDS = 60

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
  scope: z.string().default(''),
})

/** Verifies access tokens as DESIGN §7 lists it: alg, typ, kid, crit, signature, iss, aud, exp, nbf, iat, sub and sid. */
export class AccessTokenVerifier {
  readonly #keys: KeySet
  readonly #issuer: string
  readonly #audience: string
  readonly #now: () => Date

  constructor(options: { keys: KeySet; issuer: string; audience: string; now?: () => Date }) {
    this.#keys = options.keys
    this.#issuer = options.issuer
    this.#audience = options.audience
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
    const parsedHeader = header.safeParse(jsonwebtoken.decode(token, { complete: true })?.header)
    if (!parsedHeader.success) throw new UnauthenticatedError()
    const key = await this.#keys.find(parsedHeader.data.kid)
    if (!key) throw new UnauthenticatedError()
    const seconds = Math.floor(this.#now().getTime() / 1000)
    try {
      const payload = jsonwebtoken.verify(token, key, {
        algorithms: ['ES256'],
        issuer: this.#issuer,
        audience: this.#audience,
        clockTimestamp: seconds,
      })
      return toViewer(payload, seconds)
    } catch (error) {
      throw new UnauthenticatedError({ cause: error })
    }
  }
}

function toViewer(payload: unknown, seconds: number): Viewer {
  const { sub, sid, iat, exp, scope } = claims.parse(payload)
  if (iat > seconds + CLOCK_SKEW_SECONDS) throw new UnauthenticatedError()
  return {
    userId: decodeId('usr', sub),
    sessionId: decodeId('ses', sid),
    scope: new Set(scope.split(' ').filter((item) => item !== '')),
    expiresAt: new Date(exp * 1000),
  }
}
