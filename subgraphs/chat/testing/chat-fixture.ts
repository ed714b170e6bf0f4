import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { buildSubgraphSchema } from '@apollo/subgraph'
import type { EntityManager } from '@mikro-orm/postgresql'
import { createSourceEventStream, type GraphQLError, graphql, parse } from 'graphql'
import type { Viewer } from '../../../platform/access-token.ts'
import { SubgraphUnavailableError } from '../../../platform/errors.ts'
import { MemoryEventBus } from '../../../platform/event-bus/memory-event-bus.ts'
import { encodeId, newUuid } from '../../../platform/ids.ts'
import { createLogger } from '../../../platform/logging.ts'
import { createMetrics, type Metrics } from '../../../platform/metrics.ts'
import { openAll, type Resources } from '../../../platform/resources.ts'
import type { Caller } from '../../../platform/subgraph/caller.ts'
import { createTestDatabase, type TestDatabase } from '../../../tests/support/test-database.ts'
import { ReplyMetrics } from '../assistant/generation/reply-metrics.ts'
import { Models } from '../assistant/model/models.ts'
import { GrowingReplies } from '../assistant/text/growing-replies.ts'
import type { Ledger } from '../assistant/usage/ledger.ts'
import { PostgresLedger } from '../assistant/usage/postgres-ledger.ts'
import { type ChatServices, createContext } from '../context.ts'
import type { Conversation } from '../conversation/conversation.entity.ts'
import { ConversationChanges } from '../conversation/conversation-change.ts'
import type { CreateConversationInput } from '../conversation/new-conversation.ts'
import type { People } from '../conversation/people.ts'
import { ReadAccesses } from '../conversation/read-access.ts'
import { openChatDatabase } from '../database.ts'
import type { ReadLog } from '../event-log/conversation-hub.ts'
import { ConversationHubs } from '../event-log/conversation-hubs.ts'
import { ConversationWatch } from '../event-log/conversation-watch.ts'
import { readHeads, readLog } from '../event-log/event-log.ts'
import { EventLogMetrics } from '../event-log/event-log-metrics.ts'
import { readInboxVersions } from '../event-log/inbox-head.ts'
import { InboxWatch } from '../inbox/inbox-watch.ts'
import type { MessageService } from '../message/message.service.ts'
import { LastSeenWriter } from '../presence/last-seen.ts'
import { PresenceBoard } from '../presence/presence-board.ts'
import { resolvers } from '../resolvers.ts'
import { createServices } from '../services.ts'

const typeDefs = parse(readFileSync(new URL('../../../schema/chat.graphql', import.meta.url), 'utf8'))
const schema = buildSubgraphSchema([{ typeDefs, resolvers }])
const followed = parse(
  'subscription ($id: ID!, $after: String) { conversationEvents(conversationId: $id, after: $after) { __typename } }',
)

/** The chat subgraph's schema and services on a database of their own, in this process: no server and no worker. */
export interface ChatFixture extends AsyncDisposable {
  readonly bus: MemoryEventBus
  readonly models: Models
  readonly ledger: Ledger
  /** What the services tell. */
  readonly metrics: Metrics
  readonly services: ChatServices
  /** Auth knows everybody but these UUIDs. */
  readonly unknownPeople: Set<string>
  /** Users (UUIDs) by their names in lower case, as auth knows them. */
  readonly usernames: Map<string, string>
  /** Whether auth leaves a question for names without an answer. */
  isAuthAway: boolean
  readonly people: People
  readonly viewerId: string
  /** A new entity manager. */
  fork(): EntityManager
  /** Runs `work` and returns the SQL statements it made. */
  statementsOf(work: () => Promise<unknown>): Promise<string[]>
  /** What the schema answers to a query or mutation of this person (a UUID), with these permissions. */
  run(userId: string, source: string, variables?: Record<string, unknown>, scope?: string[]): Promise<ChatAnswer>
  /** What happens in a conversation (a UUID), for this person (a UUID), as the resolver gives it. */
  follow(userId: string, conversationId: string, after?: string): Promise<AsyncIterator<FollowedEvent>>
  /** A new conversation of the viewer, with what else is given. */
  converse(kind?: Conversation['kind'], input?: Partial<CreateConversationInput>): Promise<Conversation>
  /** Says something as the viewer. */
  say(conversation: Conversation, body: string): ReturnType<MessageService['send']>
}

/** What every item of a conversation's stream has. */
export interface FollowedEvent {
  readonly __typename: string
}

export interface ChatAnswer {
  readonly data: unknown
  readonly errors: readonly GraphQLError[] | undefined
}

/** Somebody signed in, with these permissions. */
export function viewerNamed(userId: string, ...scope: string[]): Viewer {
  const expiresAt = new Date(Date.now() + 3_600_000)
  return { userId, sessionId: userId, tokenVersion: 0, scope: new Set(scope), expiresAt }
}

/** What a test has otherwise than usual. */
export interface ChatFixtureOptions {
  /** What can be asked; one model that cannot go on with a beginning, unless given. */
  readonly models?: Models
  /** How many tokens a person's replies may cost in a day; as many as they like, unless given. */
  readonly dailyTokens?: number
  /** How many replies a person may have under way; 32 unless given. */
  readonly concurrentReplies?: number
  readonly now?: () => Date
}

/** Opens it on a database of its own, or on the given one, which goes with it. */
export async function openChatFixture(given?: TestDatabase, options: ChatFixtureOptions = {}): Promise<ChatFixture> {
  const auth = { unknownPeople: new Set<string>(), usernames: new Map<string, string>(), isAway: false }
  const opened = await openAll((resources) => openParts(resources, peopleKnownTo(auth), { given, ...options }))
  const { services, fork } = opened
  const viewerId = newUuid()
  return {
    ...opened,
    unknownPeople: auth.unknownPeople,
    usernames: auth.usernames,
    get isAuthAway() {
      return auth.isAway
    },
    set isAuthAway(isAway) {
      auth.isAway = isAway
    },
    viewerId,
    async run(userId, source, variableValues, scope = []) {
      const contextValue = createContext(services, callerNamed(userId, ...scope))
      const { data, errors } = await graphql({ schema, source, variableValues, contextValue })
      return { data, errors }
    },
    async follow(userId, conversationId, after) {
      const variableValues = { id: encodeId('cnv', conversationId), after }
      const contextValue = createContext(services, callerNamed(userId))
      const stream = await createSourceEventStream({ schema, document: followed, variableValues, contextValue })
      if (!(Symbol.asyncIterator in stream)) throw new Error(JSON.stringify(stream.errors))
      return stream[Symbol.asyncIterator]() as AsyncIterator<FollowedEvent>
    },
    converse: (kind = 'ASSISTANT', input = {}) => services.conversations.create(fork(), viewerId, { kind, ...input }),
    say: (conversation, body) =>
      services.messages.send(fork(), viewerId, conversation, { body, clientId: randomUUID() }),
  }
}

function callerNamed(userId: string, ...scope: string[]): Caller {
  const viewer = viewerNamed(userId, ...scope)
  return { viewer, requestId: 'test', address: null, userAgent: null, resumed: false }
}

/** What a test says that auth knows. */
interface KnownPeople {
  readonly unknownPeople: ReadonlySet<string>
  readonly usernames: ReadonlyMap<string, string>
  readonly isAway: boolean
}

function peopleKnownTo(auth: KnownPeople): People {
  return {
    existing: async (ids) => new Set(ids.filter((id) => !auth.unknownPeople.has(id))),
    named: async (names) => {
      if (auth.isAway) throw new SubgraphUnavailableError('auth')
      return new Map([...auth.usernames].filter(([name]) => names.includes(name)))
    },
  }
}

async function openParts(
  resources: Resources,
  people: People,
  { given, ...options }: ChatFixtureOptions & { given: TestDatabase | undefined },
) {
  const database = resources.use(given ?? (await createTestDatabase()))
  const statements: string[] = []
  const metrics = createMetrics()
  const logger = createLogger({ name: 'test', level: 'silent', format: 'json' })
  logger.debug = (statement: unknown) => void statements.push(String(statement))
  const orm = await openChatDatabase(database.url, logger)
  resources.defer(() => orm.close(true))
  const fork = () => orm.em.fork()
  const bus = resources.use(new MemoryEventBus())
  const replies = new GrowingReplies(fork)
  const hear = (payload: unknown) => replies.hear(payload)
  const watch = resources.use(new ConversationWatch({ bus, logger, readHeads: (ids) => readHeads(fork(), ids), hear }))
  const readPage: ReadLog = (...page) => readLog(fork(), ...page)
  const hubs = resources.use(
    new ConversationHubs({ watch, logger, readLog: readPage, metrics: new EventLogMetrics(metrics) }),
  )
  const inboxes = resources.use(new InboxWatch({ bus, logger, readVersions: (ids) => readInboxVersions(fork(), ids) }))
  const lastSeen = resources.use(new LastSeenWriter({ fork, logger }))
  const models = options.models ?? new Models(['a-model'], false)
  const { dailyTokens = null, concurrentReplies = 32, now } = options
  const replyMetrics = new ReplyMetrics({ metrics, models: models.all })
  const onUsed: ReplyMetrics['used'] = (...used) => replyMetrics.used(...used)
  const ledger = new PostgresLedger({ dailyTokens, concurrentReplies, now, onUsed })
  const assistant = { models, ledger, replyMetrics }
  const services: ChatServices = {
    ...createServices({ ...assistant, bus, people, changes: new ConversationChanges({ bus }), logger, metrics }),
    presence: resources.use(new PresenceBoard({ bus, lastSeen })),
    streams: {
      ...{ fork, watch, hubs, inboxes, accesses: new ReadAccesses(fork), replies },
      caughtUpAfterMs: () => 60_000,
    },
  }
  const statementsOf = async (work: () => Promise<unknown>) => {
    statements.length = 0
    orm.config.set('debug', ['query'])
    await work()
    orm.config.set('debug', false)
    return [...statements]
  }
  return { bus, models, ledger, metrics, people, services, fork, statementsOf }
}
