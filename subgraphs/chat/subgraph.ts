import { readFileSync } from 'node:fs'
import { buildSubgraphSchema } from '@apollo/subgraph'
import type { EntityManager } from '@mikro-orm/postgresql'
import { parse } from 'graphql'
import { AccessTokenVerifier } from '../../platform/access-token.ts'
import { remoteDeletions } from '../../platform/deletions.ts'
import type { EventBus } from '../../platform/event-bus/event-bus.ts'
import { observeEventBus } from '../../platform/event-bus/observe-event-bus.ts'
import { RemoteKeySet } from '../../platform/key-set.ts'
import { createLogger, type Logger } from '../../platform/logging.ts'
import { createMetrics, type Metrics, observe } from '../../platform/metrics.ts'
import { openAll, ResourceGroup, Resources } from '../../platform/resources.ts'
import { RevocationList, remoteRevocations } from '../../platform/revocation-list.ts'
import { ServiceClient } from '../../platform/service-client.ts'
import { signerWith } from '../../platform/service-signature.ts'
import { type RunningServer, startSubgraphServer } from '../../platform/subgraph/server.ts'
import { type AssistantParts, createAssistantParts } from './assistant/assistant-parts.ts'
import { type AssistantWorkerOptions, startAssistantWorker } from './assistant/assistant-worker.ts'
import { ReplyRemoval } from './assistant/control/reply-removal.ts'
import { GrowingReplies } from './assistant/text/growing-replies.ts'
import type { ChatConfig } from './config.ts'
import { type ChatServices, createContext } from './context.ts'
import { ConversationChanges } from './conversation/conversation-change.ts'
import { DeletedConversations, type RemovalTimes } from './conversation/deleted-conversations.ts'
import { type People, RemotePeople } from './conversation/people.ts'
import { ReadAccesses } from './conversation/read-access.ts'
import { openChatDatabase } from './database.ts'
import { Departures } from './departure/departures.ts'
import type { ReadLog } from './event-log/conversation-hub.ts'
import { ConversationHubs } from './event-log/conversation-hubs.ts'
import { ConversationWatch } from './event-log/conversation-watch.ts'
import { readHeads, readLog } from './event-log/event-log.ts'
import { EventLogHome } from './event-log/event-log-home.ts'
import { EventLogMetrics } from './event-log/event-log-metrics.ts'
import { EventRetention, type RetentionTimes } from './event-log/event-retention.ts'
import { readInboxVersions } from './event-log/inbox-head.ts'
import { InboxWatch } from './inbox/inbox-watch.ts'
import type { SignalTimes } from './live/signals.ts'
import { PendingMentions } from './message/pending-mentions.ts'
import { LastSeenWriter } from './presence/last-seen.ts'
import { presenceAttendance } from './presence/presence-attendance.ts'
import { PresenceBoard, type PresenceTimes } from './presence/presence-board.ts'
import { resolvers } from './resolvers.ts'
import { createServices } from './services.ts'
import { WorkerWatch } from './worker/worker-watch.ts'

const typeDefs = parse(readFileSync(new URL('../../schema/chat.graphql', import.meta.url), 'utf8'))

/** What tests, and a graph in one process, put in place of the defaults. */
export interface ChatOverrides {
  /** Shared by all processes of the graph. */
  bus: EventBus
  logger?: Logger
  /** For which idle connections stay when it stops, in milliseconds; 0 when not given. */
  farewellMs?: number
  now?: () => Date
  leaseTimes?: AssistantWorkerOptions['times']
  tools?: AssistantWorkerOptions['tools']
  replySteps?: AssistantWorkerOptions['steps']
  removalTimes?: RemovalTimes
  retentionTimes?: RetentionTimes
  /** How often it is seen whether the database is another one, in milliseconds. */
  homeCheckEveryMs?: number
  signalTimes?: SignalTimes
  presenceTimes?: PresenceTimes
  sweepEveryMs?: number
  /** How long what is known of a conversation stays in memory when nobody follows it any more, in milliseconds. */
  hubLingerMs?: number
  caughtUpAfterMs?: () => number
}

/** 15 to 20 seconds, spread so that many streams do not speak at once. */
const caughtUpAfterMs = () => 15_000 + Math.random() * 5_000

/** Starts the chat subgraph: GraphQL, its database, and the worker that writes replies, unless another process is that. */
export function startChat(config: ChatConfig, overrides: ChatOverrides): Promise<RunningServer> {
  return openAll(async (resources) => {
    const logger = overrides.logger ?? createLogger({ name: 'chat', ...config.logging })
    const metrics = createMetrics('chat')
    observeEventBus(metrics, overrides.bus)
    const orm = await openChatDatabase(config.databaseUrl, logger, metrics)
    resources.defer(() => orm.close(true))
    const fork = () => orm.em.fork()
    await resources.use(new EventLogHome({ fork, logger, checkEveryMs: overrides.homeCheckEveryMs })).settle()
    const assistant = createAssistantParts(config.assistant, { now: overrides.now, metrics })
    const signer = signerWith(config.serviceSecret, overrides.now)
    const auth = new ServiceClient({ service: 'auth', origin: config.authUrl, signer })
    const readPage = remoteRevocations(auth)
    const keys = new RemoteKeySet(`${config.authUrl}/.well-known/jwks.json`, overrides)
    const people = new RemotePeople(auth)
    const changes = new ConversationChanges({ bus: overrides.bus })
    const services = openServices(fork, resources, { overrides, assistant, people, changes, logger, metrics })
    // The server says at once that it stops, and replies are handed over at once, however long any of the others takes.
    const together = resources.use(new ResourceGroup())
    const served = together.use(new Resources())
    const revocations = served.use(new RevocationList({ ...overrides, readPage, logger, metrics }))
    const { url, port } = served.use(
      await startSubgraphServer({
        part: 'chat',
        schema: buildSubgraphSchema([{ typeDefs, resolvers }]),
        createContext: (caller) => createContext(services, caller),
        attendance: presenceAttendance(services.presence),
        callers: {
          verifier: new AccessTokenVerifier({ keys, ...config.jwt, revocations, now: overrides.now }),
          signer,
        },
        metrics,
        ready: async () => {
          await fork().execute('SELECT 1')
          await keys.ready()
        },
        address: config.address,
        shutdownGraceMs: config.shutdownGraceMs,
        farewellMs: overrides.farewellMs,
        logger,
      }),
    )
    const replies = new ReplyRemoval({ bus: overrides.bus, ...assistant })
    together.use(new Departures({ ...overrides, fork, changes, replies, readPage: remoteDeletions(auth), logger }))
    together.use(new PendingMentions({ fork, people, changes, logger }))
    together.use(new DeletedConversations({ fork, replies, logger, times: overrides.removalTimes }))
    together.use(new EventRetention({ fork, logger, times: overrides.retentionTimes }))
    if (config.assistant.runsWorker) {
      const { bus, now, leaseTimes: times, tools, replySteps: steps } = overrides
      const parts = { fork, bus, changes, people, config: config.assistant, logger, metrics }
      together.use(startAssistantWorker({ ...parts, times, tools, steps, now }))
    } else {
      together.use(new WorkerWatch({ fork, logger }))
    }
    return { url, port }
  })
}

interface Parts {
  overrides: ChatOverrides
  assistant: AssistantParts
  people: People
  changes: ConversationChanges
  logger: Logger
  metrics: Metrics
}

function openServices(
  fork: () => EntityManager,
  resources: Resources,
  { overrides, assistant, people, changes, logger, metrics }: Parts,
): ChatServices {
  const { bus } = overrides
  const readHeadsNow = (ids: string[]) => readHeads(fork(), ids)
  const replies = new GrowingReplies(fork)
  const hear = (payload: unknown) => replies.hear(payload)
  const watch = resources.use(new ConversationWatch({ ...overrides, logger, readHeads: readHeadsNow, hear }))
  const readPage: ReadLog = (...page) => readLog(fork(), ...page)
  const told = { lingerMs: overrides.hubLingerMs, metrics: new EventLogMetrics(metrics) }
  const hubs = resources.use(new ConversationHubs({ watch, logger, readLog: readPage, ...told }))
  observeHubs(metrics, hubs)
  const readVersions = (ids: string[]) => readInboxVersions(fork(), ids)
  const inboxes = resources.use(new InboxWatch({ ...overrides, logger, readVersions }))
  const lastSeen = resources.use(new LastSeenWriter({ fork, logger }))
  const presence = resources.use(new PresenceBoard({ ...overrides.presenceTimes, bus, lastSeen, now: overrides.now }))
  return {
    ...createServices({ ...assistant, bus, changes, people, logger, metrics, signalTimes: overrides.signalTimes }),
    presence,
    streams: {
      ...{ fork, watch, hubs, inboxes, accesses: new ReadAccesses(fork), replies },
      caughtUpAfterMs: overrides.caughtUpAfterMs ?? caughtUpAfterMs,
    },
  }
}

function observeHubs(metrics: Metrics, hubs: ConversationHubs): void {
  observe(metrics, {
    name: 'parley_conversation_hubs',
    help: 'Conversations whose newest events are kept in memory.',
    read: () => hubs.size,
  })
  observe(metrics, {
    name: 'parley_conversation_followers',
    help: 'Streams that follow a conversation in this process.',
    read: () => hubs.followers,
  })
}
