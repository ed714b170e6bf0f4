import type { FastifyInstance } from 'fastify'
import type { EventBus } from '../../platform/event-bus/event-bus.ts'
import { observeEventBus } from '../../platform/event-bus/observe-event-bus.ts'
import { createLogger, type Logger } from '../../platform/logging.ts'
import { createMetrics } from '../../platform/metrics.ts'
import { openAll } from '../../platform/resources.ts'
import { signerWith } from '../../platform/service-signature.ts'
import { type RunningServer, startSubgraphServer } from '../../platform/subgraph/server.ts'
import { ensureFirstAdmin } from './account/first-admin.ts'
import { serveUserLookup } from './account/user-lookup.route.ts'
import { AuditLog, NO_ORIGIN } from './audit/audit-log.ts'
import type { AuthConfig } from './config.ts'
import { createAuthContext } from './context.ts'
import { openAuthDatabase } from './database.ts'
import { serveDeletions } from './deletion/deletions.route.ts'
import { Housekeeping } from './housekeeping.ts'
import { serveJwks } from './keys/jwks.ts'
import { createAuthSchema } from './schema.ts'
import { serveRevocations } from './session/revocations.ts'
import { openSharedParts, type SharedParts } from './shared-parts.ts'

/** What a test, or a process that holds the whole graph, brings itself. */
export interface AuthOverrides {
  logger?: Logger
  /** For which idle connections stay when it stops, in milliseconds; 0 when not given. */
  farewellMs?: number
  now?: () => Date
  /** Tells the other processes at once of what they would otherwise find out within a second. */
  bus?: EventBus
}

/** Starts the auth subgraph: its database migrated, its first administrator made, its server listening. */
export function startAuth(config: AuthConfig, overrides: AuthOverrides = {}): Promise<RunningServer> {
  return openAll(async (resources) => {
    const logger = overrides.logger ?? createLogger({ name: 'auth', ...config.logging })
    const now = overrides.now ?? (() => new Date())
    const metrics = createMetrics('auth')
    if (overrides.bus) observeEventBus(metrics, overrides.bus)
    const orm = await openAuthDatabase({ url: config.databaseUrl, logger, metrics })
    resources.defer(() => orm.close(true))
    const { em } = orm
    const tools = { config, em, bus: overrides.bus, logger, metrics, now }
    const shared = await openSharedParts(tools, resources)
    resources.use(new Housekeeping(tools))
    if (config.firstAdmin) {
      const audit = new AuditLog(NO_ORIGIN, now)
      await ensureFirstAdmin({ ...shared, audit }, config.firstAdmin)
    }
    const { url, port } = resources.use(
      await startSubgraphServer({
        part: 'auth',
        schema: createAuthSchema(),
        createContext: (caller) => createAuthContext(shared, caller),
        callers: { verifier: shared.accessTokenVerifier, signer: signerWith(config.serviceSecret, now) },
        metrics,
        ready: async () => {
          await em.fork().execute('SELECT 1')
        },
        routes: (server) => serveRoutes(server, shared),
        address: config.address,
        shutdownGraceMs: config.shutdownGraceMs,
        farewellMs: overrides.farewellMs,
        logger,
      }),
    )
    shared.mailRoom.begin(url)
    return { url, port }
  })
}

function serveRoutes(server: FastifyInstance, { keys, em, revocations, deletions, mailRoom }: SharedParts): void {
  serveJwks(server, keys)
  serveUserLookup(server, em)
  serveRevocations(server, revocations)
  serveDeletions(server, deletions)
  mailRoom.serve(server)
}
