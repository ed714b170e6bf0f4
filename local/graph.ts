import { startGateway } from '../gateway/gateway.ts'
import type { EventBus } from '../platform/event-bus/event-bus.ts'
import { openEventBus } from '../platform/event-bus/open-event-bus.ts'
import { createLogger, type Logger } from '../platform/logging.ts'
import { openAll } from '../platform/resources.ts'
import { startAuth } from '../subgraphs/auth/subgraph.ts'
import type { AssistantConfig } from '../subgraphs/chat/config-assistant.ts'
import { type ChatOverrides, startChat } from '../subgraphs/chat/subgraph.ts'
import type { LocalConfig } from './config.ts'
import { openEmbeddedDatabase } from './database.ts'
import { type DemoModel, startDemoModel } from './demo-model/demo-model.ts'
import { startEmbeddedPostgres } from './postgres/embedded-postgres.ts'

/** Where the running graph is. */
export interface LocalGraph extends AsyncDisposable {
  /** The gateway's origin; `/graphql` is below it. */
  readonly url: string
  readonly authUrl: string
  readonly chatUrl: string
}

/** What tests put in place of the defaults. */
export interface LocalOverrides {
  bus?: EventBus
  logger?: Logger
  now?: () => Date
  chat?: Partial<ChatOverrides>
  demoModel?: Parameters<typeof startDemoModel>[0]
}

/** Starts the whole graph in this process: Postgres unless one is given, the demo model unless another is, all services. */
export function startLocalGraph(config: LocalConfig, overrides: LocalOverrides = {}): Promise<LocalGraph> {
  return openAll(async (resources) => {
    const { now, logger } = overrides
    const common = { ...(logger && { logger }), ...(now && { now }) }
    const bus = overrides.bus ?? resources.use(openBus(config, logger))
    const { dataDirectory } = config
    const databaseUrl =
      config.databaseUrl ?? (await openEmbeddedDatabase(() => startEmbeddedPostgres({ dataDirectory }), resources))
    const assistant = config.usesDemoModel
      ? answeredBy(config, resources.use(await startDemoModel(overrides.demoModel)))
      : config.chat.assistant
    const auth = resources.use(await startAuth({ ...config.auth, databaseUrl }, { ...common, bus }))
    const chat = resources.use(
      await startChat(
        {
          ...config.chat,
          databaseUrl,
          authUrl: auth.url,
          assistant,
        },
        { ...common, ...overrides.chat, bus },
      ),
    )
    const gateway = resources.use(
      await startGateway(
        {
          ...config.gateway,
          subgraphUrls: { AUTH: `${auth.url}/graphql`, CHAT: `${chat.url}/graphql`, ...config.gateway.subgraphUrls },
          ...(config.gateway.identity && {
            identity: { ...config.gateway.identity, jwksUrl: `${auth.url}/.well-known/jwks.json`, authUrl: auth.url },
          }),
        },
        { ...common, bus },
      ),
    )
    return { url: gateway.url, authUrl: auth.url, chatUrl: chat.url }
  })
}

/** The configuration of an assistant for which the demo answers. */
function answeredBy({ chat: { assistant } }: LocalConfig, { baseUrl }: DemoModel): AssistantConfig {
  return { ...assistant, endpoints: [{ name: 'demo', baseUrl, apiKey: undefined }], isDemo: true }
}

/** NATS when there is a URL of it, so that several graphs on one database hear each other. */
function openBus({ chat: { natsUrl, serviceSecret, logging } }: LocalConfig, logger: Logger | undefined): EventBus {
  return openEventBus({ natsUrl, serviceSecret, logger: logger ?? createLogger({ name: 'bus', ...logging }) })
}
