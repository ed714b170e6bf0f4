import { z } from 'zod'
import { isUuid } from '../../../platform/ids.ts'
import type { AppendedEvents, LoggedEvent } from './event-log.ts'

/** The bus topic that rings when something happened in a conversation. */
export const doorbellOf = (conversationId: string) => `conversation/${conversationId}`

/** What to ring a doorbell with when something flows beside the log, such as a growing reply: the log has not moved. */
export const BESIDE = 'beside'

/** Whether a ring says just that: {@link BESIDE}, or the text that a reply has grown by. */
export function isBeside(payload: unknown): boolean {
  return payload === BESIDE || (typeof payload === 'object' && payload !== null && 'grown' in payload)
}

/** What a doorbell is rung with when the log has moved. */
export interface Ring extends AppendedEvents {
  /** When the events had just been committed, by the clock of whoever rings, in milliseconds since 1970. */
  readonly at?: number | undefined
}

/** A ring with more events than this would be too large for a bus; whoever hears it reads the log instead. */
const MOST_EVENTS = 200

const uuid = z.string().refine(isUuid)
const inLog = { seq: z.int32().positive() }

const loggedEvent = z.discriminatedUnion('kind', [
  z.object({ ...inLog, kind: z.literal('MessageAdded'), messageId: uuid, number: z.int32().positive() }),
  z.object({
    ...inLog,
    kind: z.enum(['MessageEdited', 'MessageDeleted', 'ReactionsChanged', 'ReplyStarted', 'ReplyFinished']),
    messageId: uuid,
  }),
  z.object({
    ...inLog,
    kind: z.enum(['MemberAdded', 'MemberRoleChanged']),
    userId: uuid,
    role: z.enum(['OWNER', 'ADMIN', 'MEMBER']),
  }),
  z.object({ ...inLog, kind: z.literal('MemberRemoved'), userId: uuid }),
  z.object({ ...inLog, kind: z.enum(['ConversationUpdated', 'ConversationDeleted']) }),
]) satisfies z.ZodType<LoggedEvent>

const doorbell = z.object({
  epoch: uuid,
  at: z.number().optional().catch(undefined),
  events: z.array(loggedEvent).min(1).max(MOST_EVENTS).refine(areConsecutive),
}) satisfies z.ZodType<Ring>

/**
 * What to ring a doorbell with after the commit: the committed events themselves, so that nobody has to read them. Of
 * very many only the newest, which tells everybody to read.
 */
export function ringOf({ epoch, events }: AppendedEvents): Ring {
  return { epoch, at: Date.now(), events: events.length > MOST_EVENTS ? events.slice(-1) : events }
}

/** What was read of rings: everybody in this process who listens to a doorbell is given the same one. */
const readings = new WeakMap<object, Ring | undefined>()

/** The events that a ring brought; undefined for anything else, and for null, which a bus makes of what is too large: look. */
export function readRing(payload: unknown): Ring | undefined {
  if (typeof payload !== 'object' || payload === null) return undefined
  if (!readings.has(payload)) readings.set(payload, doorbell.safeParse(payload).data)
  return readings.get(payload)
}

function areConsecutive(events: readonly LoggedEvent[]): boolean {
  const first = events[0]?.seq ?? 0
  return events.every(({ seq }, index) => seq === first + index)
}
