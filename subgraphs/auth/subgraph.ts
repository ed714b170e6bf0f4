import type { MikroORM } from '@mikro-orm/postgresql'
import { AccessTokenVerifier } from '../../platform/access-token.ts'
import { createLogger, type Logger } from '../../platform/logging.ts'
import { openAll } from '../../platform/resources.ts'
import { ServiceSigner } from '../../platform/service-signature.ts'
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

/** What a test, or a process that holds the whole graph, brings itself. */
export interface AuthOverrides {
  logger?: Logger
  now?: () => Date
}

/** Starts the auth subgraph: its database migrated, its server listening. */
export async function startAuth(config: AuthConfig, overrides: AuthOverrides = {}): Promise<RunningServer> {
  const logger = overrides.logger ?? createLogger({ name: 'auth', ...config.logging })
  const now = overrides.now ?? (() => new Date())
  return openAll(async (resources) => {
    const orm = await openAuthDatabase({ url: config.databaseUrl, logger })
    resources.defer(() => orm.close())
    const { url, port } = resources.use(await serve(config, { orm, logger, now }))
    logger.info({ url }, 'auth listens')
    return { url, port }
  })
}

function serve(
  config: AuthConfig,
  { orm, logger, now }: { orm: MikroORM; logger: Logger; now: () => Date },
): Promise<RunningServer> {
  const { signingKey, issuer, audience } = config.tokens
  const shared: SharedParts = {
    em: orm.em,
    passwords: new PasswordHasher(),
    passwordMinLength: config.passwordMinLength,
    sessions: {
      accessTokens: new AccessTokenSigner(config.tokens),
      refreshTokens: new RefreshTokenCodec(signingKey),
      lifetimes: config.sessions,
      now,
    },
  }
  return startSubgraphServer({
    schema: createAuthSchema(),
    createContext: (caller) => createAuthContext(shared, caller),
    callers: {
      verifier: new AccessTokenVerifier({ keys: ownKeySet(signingKey), issuer, audience, now }),
      signer: config.serviceSecret === undefined ? undefined : new ServiceSigner(config.serviceSecret, now),
    },
    ready: async () => {
      await orm.em.fork().execute('SELECT 1')
    },
    routes: (server) => {
      serveJwks(server, signingKey)
      serveUserLookup(server, orm.em)
    },
    address: config.address,
    logger,
  })
}
