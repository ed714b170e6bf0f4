import { absencesIn, isAbsent } from './absences.ts'
import type { Breach } from './breach.ts'
import { Disturbances } from './disturbances.ts'
import type { EntryOf, History } from './history.ts'
import { Deliveries, type StreamHistory, streamsIn } from './stream-histories.ts'

/** Counted from the last heal. */
const DELIVERED_WITHIN_MS = 10_000

/** I1: what was acknowledged is stored as it was acknowledged, and reaches everybody who may read all the time. */
export function checkAcknowledged(history: History): { breaches: Breach[]; judgedDeliveries: number } {
  const acks = acksIn(history)
  const { breaches, judgedDeliveries } = checkDelivered(history, [
    ...new Map(acks.toReversed().map((ack) => [ack.messageId, ack])).values(),
  ])
  return { breaches: [...checkStored(history, acks), ...breaches], judgedDeliveries }
}

const acksIn = ({ entries }: History) => entries.filter((entry): entry is EntryOf<'ack'> => entry.kind === 'ack')

/** I2: sending again, however often, makes no second message and is answered with the first. */
export function checkOneEach(history: History): Breach[] {
  const { conversations, entries } = history
  const breaches = checkAnswers(acksIn(history))
  const at = entries.at(-1)?.at ?? 0
  for (const { id, messages } of conversations) {
    const numbers = new Map<string, number>()
    for (const { author, clientId, number } of messages) {
      if (!author || !clientId) continue
      const key = `${author} ${clientId}`
      const earlier = numbers.get(key)
      if (earlier !== undefined) {
        const what = `${id} has numbers ${earlier} and ${number} for one client id ${clientId} of ${author}`
        breaches.push({ invariant: 'I2', at, what })
      }
      numbers.set(key, number)
    }
  }
  return breaches
}

function checkAnswers(acks: readonly EntryOf<'ack'>[]): Breach[] {
  const first = new Map<string, EntryOf<'ack'>>()
  return acks.flatMap((ack) => {
    const { at, person, conversation, clientId, messageId, number } = ack
    const key = `${person} ${conversation} ${clientId}`
    const earlier = first.get(key) ?? ack
    first.set(key, earlier)
    if (earlier.messageId === messageId && earlier.number === number) return []
    const what = `client id ${clientId} of ${person} was answered with ${earlier.messageId} first and with ${messageId} then`
    return [{ invariant: 'I2' as const, at, what }]
  })
}

function checkStored({ conversations }: History, acks: readonly EntryOf<'ack'>[]): Breach[] {
  const stored = new Map(
    conversations.flatMap(({ id, messages }) => messages.map((message) => [`${id} ${message.number}`, message])),
  )
  return acks.flatMap(({ at, person, conversation, clientId, messageId, number }) => {
    const message = stored.get(`${conversation} ${number}`)
    const isIt = message?.id === messageId && message.author === person && message.clientId === clientId
    if (isIt) return []
    const found = message ? `there is ${message.id}` : 'there is nothing'
    const what = `${messageId} was acknowledged as number ${number} of ${conversation}, where ${found}`
    return [{ invariant: 'I1' as const, at, what }]
  })
}

function checkDelivered(history: History, acks: readonly EntryOf<'ack'>[]) {
  const disturbances = new Disturbances(history.entries)
  const absences = absencesIn(history.entries)
  const seqs = seqsOfMessages(history)
  const breaches: Breach[] = []
  let judgedDeliveries = 0
  for (const stream of streamsIn(history.entries)) {
    const deliveries = new Deliveries(stream)
    for (const ack of acks) {
      if (ack.conversation !== stream.conversation) continue
      const deadline = disturbances.deadline(ack.at, DELIVERED_WITHIN_MS, stream.person)
      if (isAbsent(absences, stream, ack.at, deadline)) continue
      const seq = stream.stream === 'events' ? seqs.get(ack.messageId) : ack.number
      // Pruned; that no other event is missing is I3.
      if (seq === undefined) continue
      judgedDeliveries += 1
      breaches.push(...judgeDelivery(stream, ack, deliveries.at(ack.messageId, seq), deadline))
    }
  }
  return { breaches, judgedDeliveries }
}

function judgeDelivery(
  { follower }: StreamHistory,
  { at, number }: EntryOf<'ack'>,
  deliveredAt: number | undefined,
  deadline: number,
): Breach[] {
  if (deliveredAt !== undefined && deliveredAt <= deadline) return []
  const when = deliveredAt === undefined ? 'never' : `${Math.round(deliveredAt - deadline)} ms too late`
  return [{ invariant: 'I1', at, what: `${follower} got number ${number} ${when}` }]
}

/** Where in the log each message was added. */
function seqsOfMessages({ conversations }: History): Map<string, number> {
  return new Map(
    conversations.flatMap(({ events }) =>
      events.flatMap(({ seq, content, messageId }) =>
        messageId !== null && content.startsWith('MessageAdded ') ? [[messageId, seq] as const] : [],
      ),
    ),
  )
}
