import type { EntityManager } from '@mikro-orm/postgresql'
import { AccessTokenVerifier } from '../../platform/access-token.ts'
import { USER_DELETED } from '../../platform/deletions.ts'
import type { EventBus } from '../../platform/event-bus/event-bus.ts'
import type { Logger } from '../../platform/logging.ts'
import type { Metrics } from '../../platform/metrics.ts'
import { openRateLimiters } from '../../platform/rate-limiter.ts'
import type { Resources } from '../../platform/resources.ts'
import { RevocationList, type RevocationPosition, TOKENS_REVOKED } from '../../platform/revocation-list.ts'
import { EntryMetrics } from './account/entry-metrics.ts'
import type { AuthConfig } from './config.ts'
import { AuditAnonymisation } from './deletion/audit-anonymisation.ts'
import { DeletionLog } from './deletion/deletion-log.ts'
import { AccessTokenSigner } from './keys/access-token-signer.ts'
import { KeyRing } from './keys/key-ring.ts'
import { PrivateKeys } from './keys/private-keys.ts'
import { Sealer } from './keys/sealer.ts'
import { AccountLimits } from './limits/account-limits.ts'
import type { MailQueue } from './mail/mail-queue.ts'
import { MailRoom } from './mail/mail-room.ts'
import { openBreachLookup } from './password/breach-lookup.ts'
import { NewPasswords } from './password/new-passwords.ts'
import { PasswordHasher } from './password/password-hasher.ts'
import { RefreshTokenCodec } from './session/refresh-token.ts'
import { RevocationLog } from './session/revocations.ts'
import { SessionEnding } from './session/session-ending.ts'
import { TokenIssuer } from './session/token-issuer.ts'

/** What everything in the process is made with. */
export interface Tools {
  readonly config: AuthConfig
  readonly em: EntityManager
  readonly bus: EventBus | undefined
  readonly logger: Logger
  readonly metrics: Metrics
  readonly now: () => Date
}

/** What lives as long as the process, and all operations share. */
export interface SharedParts extends Tools {
  readonly keys: KeyRing
  readonly entries: EntryMetrics
  readonly hasher: PasswordHasher
  readonly newPasswords: NewPasswords
  readonly limits: AccountLimits
  readonly tokens: TokenIssuer
  readonly accessTokenVerifier: AccessTokenVerifier
  readonly refreshTokens: RefreshTokenCodec
  readonly revocations: RevocationLog
  readonly ending: SessionEnding
  readonly deletions: DeletionLog
  readonly anonymisation: AuditAnonymisation
  readonly mail: MailQueue
  readonly mailRoom: MailRoom
  readonly sealer: Sealer
}

/** Opens them on a migrated database. */
export async function openSharedParts(tools: Tools, resources: Resources): Promise<SharedParts> {
  const { config, bus, logger, metrics } = tools
  const { signingKey, issuer, audience } = config.tokens
  const { accessTokenSeconds } = config.sessions
  const refreshTokens = new RefreshTokenCodec(signingKey)
  const keys = resources.use(
    await KeyRing.open({
      ...tools,
      privateKeys: new PrivateKeys(signingKey),
      accessTokenSeconds,
      keyLifeSeconds: config.keyLifeSeconds,
    }),
  )
  const revocations = new RevocationLog({ ...tools, accessTokenSeconds })
  const mailRoom = resources.use(await MailRoom.open(tools))
  const limiters = resources.use(await openRateLimiters({ redisUrl: config.redisUrl, logger, metrics }))
  const breaches = openBreachLookup(config.passwords.breachesUrl, logger)
  return {
    ...tools,
    keys,
    entries: new EntryMetrics(metrics),
    hasher: new PasswordHasher({ metrics }),
    newPasswords: new NewPasswords({ minLength: config.passwords.minLength, breaches }),
    limits: new AccountLimits(limiters, config.limits),
    tokens: new TokenIssuer({
      ...tools,
      accessTokens: new AccessTokenSigner({ keys, issuer, audience }),
      refreshTokens,
      accessTokenSeconds,
    }),
    accessTokenVerifier: createVerifier({ ...tools, keys, revocations }, resources),
    refreshTokens,
    revocations,
    ending: new SessionEnding({ ...tools, ring: () => bus?.publish(TOKENS_REVOKED, null) }),
    deletions: new DeletionLog({ ...tools, accessTokenSeconds, ring: () => bus?.publish(USER_DELETED, null) }),
    anonymisation: resources.use(new AuditAnonymisation(tools)),
    mail: mailRoom.queue,
    mailRoom,
    sealer: new Sealer(signingKey),
  }
}

function createVerifier(
  { config, keys, revocations: log, ...tools }: Tools & Pick<SharedParts, 'keys' | 'revocations'>,
  resources: Resources,
): AccessTokenVerifier {
  const readPage = (after: RevocationPosition) => log.after(after)
  const revocations = resources.use(new RevocationList({ ...tools, readPage }))
  const { issuer, audience } = config.tokens
  return new AccessTokenVerifier({ keys: keys.keySet(), issuer, audience, revocations, now: tools.now })
}
