import type { EntityManager } from '@mikro-orm/postgresql'
import { UserFault } from '../../../platform/user-fault.ts'
import { type EntryMetrics, failureOf, type RefreshResult } from '../account/entry-metrics.ts'
import { findUserForUpdate } from '../account/user.entity.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { SessionLifetimes } from '../config.ts'
import type { MailQueue } from '../mail/mail-queue.ts'
import { type PresentedRefreshToken, type RefreshTokenCodec, refreshTokenDigest } from './refresh-token.ts'
import { Session } from './session.entity.ts'
import type { SessionEnding } from './session-ending.ts'
import type { IssuedTokens, TokenIssuer } from './token-issuer.ts'

/** How long a replaced refresh token still gives the same successor, counted from its first use. */
const REUSE_WINDOW_MS = 10_000

/** What faults of a token count as. */
const FAULTS = { INVALID_TOKEN: 'invalid_token', SESSION_ENDED: 'session_ended' } as const

/** Whether a genuine token was used before, as far as is known; told to nobody but the metrics. */
interface TokenUse {
  result: Extract<RefreshResult, 'ok' | 'repeated' | 'reused'>
}

/** Renews sessions with their refresh tokens, and notices when one of these is in two hands. */
export class SessionRefreshService {
  readonly #em: EntityManager
  readonly #idleSeconds: number
  readonly #refreshTokens: RefreshTokenCodec
  readonly #tokens: TokenIssuer
  readonly #ending: SessionEnding
  readonly #audit: AuditLog
  readonly #mail: MailQueue
  readonly #entries: Pick<EntryMetrics, 'refresh'>
  readonly #now: () => Date

  constructor(options: {
    em: EntityManager
    config: { readonly sessions: SessionLifetimes }
    refreshTokens: RefreshTokenCodec
    tokens: TokenIssuer
    ending: SessionEnding
    audit: AuditLog
    mail: MailQueue
    entries: Pick<EntryMetrics, 'refresh'>
    now: () => Date
  }) {
    this.#em = options.em
    this.#idleSeconds = options.config.sessions.idleSeconds
    this.#refreshTokens = options.refreshTokens
    this.#tokens = options.tokens
    this.#ending = options.ending
    this.#audit = options.audit
    this.#mail = options.mail
    this.#entries = options.entries
    this.#now = options.now
  }

  /**
   * The next tokens of the session that a refresh token belongs to. However many present the same token at once, the
   * session advances by one and all get the same successor, for ten seconds; after that, and for older tokens, the
   * token must have been stolen and the session ends (RFC 9700 §4.14.2).
   *
   * @throws UserFault INVALID_TOKEN or SESSION_ENDED
   */
  async refresh(text: string): Promise<IssuedTokens> {
    const use: TokenUse = { result: 'ok' }
    try {
      const tokens = await this.#renew(text, use)
      this.#entries.refresh(use.result)
      return tokens
    } catch (error) {
      this.#entries.refresh(use.result === 'reused' ? 'reused' : failureOf(error, FAULTS))
      throw error
    }
  }

  async #renew(text: string, use: TokenUse): Promise<IssuedTokens> {
    const presented = this.#refreshTokens.parse(text)
    // Under the root key of now: whoever has an old one could make the tokens of every session whose id they know.
    if (!presented || !this.#refreshTokens.isGenuine(presented)) throw invalidToken()
    const isAdvanced = await this.#advance(presented)
    const session = await this.#em.findOne(Session, presented.sessionId, {
      populate: ['user'],
      disableIdentityMap: true,
    })
    if (!session) throw invalidToken()
    if (!session.isOpen(this.#now())) throw sessionEnded()
    if (!isAdvanced) await this.#requireRepetition(presented, session, use)
    return this.#tokens.issue(session, presented.generation + 1)
  }

  /** One conditional statement: of all who present the newest token at once, one advances the session. */
  async #advance({ sessionId, generation, text }: PresentedRefreshToken): Promise<boolean> {
    const at = this.#now()
    const advanced = await this.#em.nativeUpdate(
      Session,
      { id: sessionId, generation, tokenDigest: refreshTokenDigest(text), ...Session.openAt(at) },
      {
        generation: generation + 1,
        tokenDigest: refreshTokenDigest(this.#refreshTokens.encode(sessionId, generation + 1)),
        rotatedAt: at,
        idleExpiresAt: new Date(at.getTime() + this.#idleSeconds * 1000),
      },
    )
    return advanced === 1
  }

  /** Lets a token pass that did not advance its session, if it is the one that just did. */
  async #requireRepetition({ generation }: PresentedRefreshToken, session: Session, use: TokenUse): Promise<void> {
    if (generation >= session.generation) throw invalidToken()
    const sinceFirstUse = this.#now().getTime() - session.rotatedAt.getTime()
    const isRepeated = generation === session.generation - 1 && sinceFirstUse <= REUSE_WINDOW_MS
    use.result = isRepeated ? 'repeated' : 'reused'
    if (isRepeated) return
    await this.#endStolen(session)
    throw sessionEnded()
  }

  /** A token that was replaced long ago is in two hands: nobody can tell whose are the right ones. */
  async #endStolen({ id, user }: Session): Promise<void> {
    await this.#em.fork().transactional(async (em) => {
      await findUserForUpdate(em, user.id)
      if ((await this.#ending.end(em, { id }, 'REFRESH_TOKEN_REUSED')) === 0) return
      this.#audit.record(em, { action: 'session.token_reused', actorId: null, subjectId: user.id })
      this.#mail.toUser(em, user.id, 'TOKEN_REUSED')
    })
    this.#ending.ring()
    this.#mail.wake()
  }
}

function invalidToken(): UserFault {
  return new UserFault('INVALID_TOKEN', 'This is not a refresh token of this server; sign in.', [
    'input',
    'refreshToken',
  ])
}

function sessionEnded(): UserFault {
  return new UserFault('SESSION_ENDED', 'The session has ended; sign in again.', ['input', 'refreshToken'])
}
