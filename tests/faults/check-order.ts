import type { Breach } from './breach.ts'
import type { EntryOf, History, Position, StoredConversation } from './history.ts'
import { type StreamHistory, streamsIn } from './stream-histories.ts'

/** I3: no number and no event is missing, every client applies them one after another, and all are told the same. */
export function checkOrder(history: History): Breach[] {
  const end = history.entries.at(-1)?.at ?? 0
  const streams = streamsIn(history.entries)
  return [
    ...history.conversations.flatMap((conversation) => checkGapless(conversation, end)),
    ...streams.flatMap(checkConsecutive),
    ...checkAgreement(history, streams),
  ]
}

function checkGapless(conversation: StoredConversation, at: number): Breach[] {
  const { id, head, floor, messageCount, messages, events } = conversation
  const numbers = messages.map(({ number }) => number)
  const seqs = events.map(({ seq }) => seq)
  return [
    ...(isRange(numbers, 1, messageCount) ? [] : [`${id} counts ${messageCount} messages and has ${listed(numbers)}`]),
    ...withoutEvent(conversation).map((message) => `${id} has ${message} without the event that added it`),
    ...(isRange(seqs, floor + 1, head) ? [] : [`${id} has the events ${listed(seqs)} of ${floor + 1} to ${head}`]),
  ].map((what) => ({ invariant: 'I3', at, what }))
}

/** Messages that were added above the floor, and of which the log does not say so. */
function withoutEvent({ floor, messages, events }: StoredConversation): string[] {
  const added = new Set(
    events.flatMap(({ content, messageId }) => (/^(MessageAdded|ReplyStarted) /.test(content) ? [messageId] : [])),
  )
  const isAdded = ({ id }: { readonly id: string }) => added.has(id)
  const known = floor === 0 ? messages : messages.slice(messages.findIndex(isAdded))
  return added.size === 0 && floor > 0 ? [] : known.filter((message) => !isAdded(message)).map(({ id }) => id)
}

const isRange = (values: readonly number[], from: number, to: number) =>
  values.length === Math.max(0, to - from + 1) && values.every((value, index) => value === from + index)

const listed = (values: readonly number[]) =>
  `${values.length} from ${values[0] ?? 'nothing'} to ${values.at(-1) ?? 'nothing'}`

function checkConsecutive({ follower, entries }: StreamHistory): Breach[] {
  const breaches: Breach[] = []
  let last: Position | undefined
  for (const entry of entries) {
    const { at } = entry
    const breach = (what: string) => breaches.push({ invariant: 'I3', at, what: `${follower} ${what}` })
    if (entry.kind === 'begin') last = entry.position
    if (entry.kind === 'event') {
      const { position } = entry
      if (!last) breach(`was told ${position.seq} before it began`)
      else if (position.seq !== last.seq + 1) breach(`was told ${position.seq} after ${last.seq}`)
      else if (position.epoch !== last.epoch) breach(`was told ${position.seq} of another epoch`)
      last = position
    }
    if (entry.kind === 'caught-up' && last && entry.position.seq !== last.seq) {
      breach(`was told that it has everything up to ${entry.position.seq} when it had ${last.seq}`)
      last = entry.position
    }
  }
  return breaches
}

/** Of two that are told of the same place, and of the log itself, none may say something else. */
function checkAgreement({ conversations }: History, streams: readonly StreamHistory[]): Breach[] {
  const stored = new Map(conversations.flatMap(storedContents))
  const isPruned = new Map(conversations.map(({ id, floor }) => [id, floor]))
  return streams.flatMap(({ follower, conversation, stream, entries }) =>
    entries.flatMap((entry) => {
      if (entry.kind !== 'event') return []
      if (stream === 'events' && entry.position.seq <= (isPruned.get(conversation) ?? 0)) return []
      const expected = stored.get(keyOf(conversation, stream, entry))
      if (expected === entry.content) return []
      const what = `${follower} was told "${entry.content}" at ${entry.position.seq}, where the log has "${expected}"`
      return [{ invariant: 'I3' as const, at: entry.at, what }]
    }),
  )
}

const keyOf = (conversation: string, stream: string, { position }: Pick<EntryOf<'event'>, 'position'>) =>
  `${conversation} ${stream} ${position.epoch} ${position.seq}`

function storedContents({ id, epoch, events, messages }: StoredConversation): [string, string][] {
  return [
    ...events.map(({ seq, content }): [string, string] => [keyOf(id, 'events', { position: { epoch, seq } }), content]),
    ...messages.map((message): [string, string] => [
      keyOf(id, 'messages', { position: { epoch: '', seq: message.number } }),
      `${message.number} ${message.id}`,
    ]),
  ]
}
