import type { EntityManager } from '@mikro-orm/postgresql'
import { AccessTokenVerifier } from '../../platform/access-token.ts'
import type { EventBus } from '../../platform/event-bus.ts'
import { createLogger, type Logger } from '../../platform/logging.ts'
import { openAll } from '../../platform/resources.ts'
import {
  RevocationList,
  type RevocationPosition,
  type Revocations,
  SESSION_ENDED,
} from '../../platform/revocation-list.ts'
import { ServiceSigner } from '../../platform/service-signature.ts'
import type { CallerPolicy } from '../../platform/subgraph/caller.ts'
import { type RunningServer, startSubgraphServer } from '../../platform/subgraph/server.ts'
import { serveUserLookup } from './account/user-lookup.route.ts'
import type { AuthConfig } from './config.ts'
import { createAuthContext, type SharedParts } from './context.ts'
import { openAuthDatabase } from './database.ts'
import { PasswordHasher } from './password/password-hasher.ts'
import { createAuthSchema } from './schema.ts'
import { AccessTokenSigner } from './session/access-token-signer.ts'
import { ownKeySet, serveJwks } from './session/jwks.ts'
import { RefreshTokenCodec } from './session/refresh-token.ts'
import { EndedSessions, serveRevocations } from './session/revocations.ts'

/** What a test, or a process that holds the whole graph, brings itself. */
export interface AuthOverrides {
  logger?: Logger
  now?: () => Date
  /** Tells the other processes at once when a session was ended; without it they find out within a second. */
  bus?: EventBus
}

/** Starts the auth subgraph: its database migrated, its server listening. */
export function startAuth(config: AuthConfig, overrides: AuthOverrides = {}): Promise<RunningServer> {
  return openAll(async (resources) => {
    const logger = overrides.logger ?? createLogger({ name: 'auth', ...config.logging })
    const now = overrides.now ?? (() => new Date())
    const orm = await openAuthDatabase({ url: config.databaseUrl, logger })
    resources.defer(() => orm.close(true))
    const endedSessions = new EndedSessions({
      em: orm.em,
      accessTokenSeconds: config.sessions.accessTokenSeconds,
      now,
    })
    const { bus } = overrides
    const readPage = (after: RevocationPosition) => endedSessions.after(after)
    const revocations = resources.use(new RevocationList({ readPage, bus, logger, now }))
    const onEnded = () => bus?.publish(SESSION_ENDED, null)
    const shared = createShared(config, orm.em, now, onEnded)
    const { url, port } = resources.use(
      await startSubgraphServer({
        schema: createAuthSchema(),
        createContext: (caller) => createAuthContext(shared, caller),
        callers: createCallerPolicy(config, revocations, now),
        ready: async () => {
          await orm.em.fork().execute('SELECT 1')
        },
        routes: (server) => {
          serveJwks(server, config.tokens.signingKey)
          serveUserLookup(server, orm.em)
          serveRevocations(server, endedSessions)
        },
        address: config.address,
        shutdownGraceMs: config.shutdownGraceMs,
        logger,
      }),
    )
    return { url, port }
  })
}

function createShared(config: AuthConfig, em: EntityManager, now: () => Date, onEnded: () => void): SharedParts {
  return {
    em,
    passwords: new PasswordHasher(),
    passwordMinLength: config.passwordMinLength,
    sessions: {
      accessTokens: new AccessTokenSigner(config.tokens),
      refreshTokens: new RefreshTokenCodec(config.tokens.signingKey),
      lifetimes: config.sessions,
      now,
      onEnded,
    },
  }
}

function createCallerPolicy(config: AuthConfig, revocations: Revocations, now: () => Date): CallerPolicy {
  const { signingKey, issuer, audience } = config.tokens
  return {
    verifier: new AccessTokenVerifier({ keys: ownKeySet(signingKey), issuer, audience, revocations, now }),
    signer: config.serviceSecret === undefined ? undefined : new ServiceSigner(config.serviceSecret, now),
  }
}
