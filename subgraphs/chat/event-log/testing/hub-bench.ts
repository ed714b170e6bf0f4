import { createLogger } from '../../../../platform/logging.ts'
import { CountingBus } from '../../../../tests/support/buses.ts'
import type { ReadAccess } from '../access-end.ts'
import { ConversationHubs } from '../conversation-hubs.ts'
import { followConversation } from '../conversation-stream.ts'
import { ConversationWatch } from '../conversation-watch.ts'
import type { EphemeralSource } from '../ephemeral-source.ts'
import { FakeLog } from './fake-log.ts'

/** Nothing flows beside the log. */
const NOTHING_BESIDE: EphemeralSource<never> = {
  open: () => () => undefined,
  join: async () => undefined,
  before: async () => [],
  drain: async () => [],
  isLive: () => false,
}

const EVERYBODY: ReadAccess = { viewerId: 'ada', mayRead: async () => true }

/** Hubs over a log in memory. */
export function openHubs({
  log = new FakeLog(),
  bus = new CountingBus(),
  readLog = log.read,
  sweepEveryMs = 3_600_000,
  ...times
}: {
  log?: FakeLog
  bus?: CountingBus
  readLog?: FakeLog['read']
  sweepEveryMs?: number
  lingerMs?: number
  mostIdle?: number
  mostEvents?: number
} = {}) {
  const logger = createLogger({ name: 'test', level: 'silent', format: 'json' })
  const watch = new ConversationWatch({ bus, logger, sweepEveryMs, readHeads: log.readHeads })
  const hubs = new ConversationHubs({ watch, readLog, logger, ...times })
  const follow = (after?: string, access = EVERYBODY) =>
    followConversation({
      hubs,
      conversationId: log.conversationId,
      after,
      access,
      ephemeral: NOTHING_BESIDE,
      caughtUpAfterMs: () => 60_000,
    })
  return {
    log,
    bus,
    watch,
    hubs,
    follow,
    async [Symbol.asyncDispose]() {
      await hubs[Symbol.asyncDispose]()
      await watch[Symbol.asyncDispose]()
    },
  }
}
