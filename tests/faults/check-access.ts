import type { Breach } from './breach.ts'
import { Disturbances } from './disturbances.ts'
import type { EntryOf, History, HistoryEntry, StoredConversation } from './history.ts'
import { type StreamHistory, streamsIn } from './stream-histories.ts'

/** Counted from the last heal. */
const ENDED_WITHIN_MS = 5_000

/** Somebody's time outside a conversation. */
interface Absence {
  readonly person: string
  readonly conversation: string
  /** When the removal was asked for, and when it was acknowledged. */
  readonly askedAt: number
  readonly removedAt: number
  /** When the return was asked for. */
  readonly returnsAt: number
  /** Where in the log the removal is; undefined when the log has it no more. */
  readonly seq: number | undefined
}

/** I5: whoever was removed is told nothing that came later, and their streams end. */
export function checkAccess(history: History): Breach[] {
  const absences = absencesIn(history)
  const disturbances = new Disturbances(history.entries)
  const end = history.entries.at(-1)?.at ?? 0
  return streamsIn(history.entries).flatMap((stream) =>
    absences
      .filter(({ person, conversation }) => person === stream.person && conversation === stream.conversation)
      .flatMap((absence) => [
        ...checkSilence(stream, absence, history),
        ...checkEnd(stream, absence, disturbances.deadline(absence.removedAt, ENDED_WITHIN_MS, absence.person), end),
      ]),
  )
}

/** The removal itself may be told: it is the last that concerns them. */
function checkSilence(stream: StreamHistory, absence: Absence, { conversations }: History): Breach[] {
  const { askedAt, returnsAt, seq } = absence
  if (seq === undefined) return []
  const conversation = conversations.find(({ id }) => id === absence.conversation)
  const last = stream.stream === 'events' ? seq : lastNumberBefore(conversation, seq)
  return stream.entries
    .filter((entry) => entry.kind === 'event' && entry.at >= askedAt && entry.at < returnsAt)
    .filter((entry): entry is typeof entry & EntryOf<'event'> => 'position' in entry && entry.position.seq > last)
    .map(({ at, position, content }) => ({
      invariant: 'I5',
      at,
      what: `${stream.follower} was told "${content}" at ${position.seq} after the removal at ${last}`,
    }))
}

function checkEnd(stream: StreamHistory, absence: Absence, deadline: number, end: number): Breach[] {
  const { askedAt, removedAt, returnsAt } = absence
  // Whoever is back by then is followed again, and whether the stream ended in between cannot be told.
  if (returnsAt <= deadline || end < deadline) return []
  const before = stream.entries.findLast(
    ({ at, kind }) => at < askedAt && (kind === 'begin' || kind === 'event' || kind === 'end'),
  )
  if (before === undefined || before.kind === 'end') return []
  if (stream.entries.some(({ at, kind }) => kind === 'end' && at >= askedAt && at <= deadline)) return []
  const what = `${stream.follower} was still open ${Math.round(deadline - removedAt)} ms after the removal`
  return [{ invariant: 'I5', at: removedAt, what }]
}

function lastNumberBefore(conversation: StoredConversation | undefined, seq: number): number {
  const numbers = new Map(conversation?.messages.map(({ id, number }) => [id, number]))
  const earlier = (conversation?.events ?? [])
    .filter((event) => event.seq < seq && event.content.startsWith('MessageAdded '))
    .map(({ messageId }) => numbers.get(messageId ?? '') ?? 0)
  return earlier.reduce((highest, number) => Math.max(highest, number), 0)
}

function absencesIn({ entries, conversations }: History): Absence[] {
  const removalSeqs = new Map<string, number[]>()
  for (const { id, events } of conversations) {
    for (const { seq, content } of events) {
      const [kind, person] = content.split(' ')
      if (kind === 'MemberRemoved')
        removalSeqs.set(`${person} ${id}`, [...(removalSeqs.get(`${person} ${id}`) ?? []), seq])
    }
  }
  // Removals of one person follow one another in the log as in the history.
  return entries.filter(isStep('removal', 'begun')).map((asked) => {
    const { person, conversation, at } = asked
    const later = entries.filter(
      (entry) => 'person' in entry && entry.person === person && 'conversation' in entry && entry.at >= at,
    )
    const here = later.filter((entry) => 'conversation' in entry && entry.conversation === conversation)
    const infinity = Number.POSITIVE_INFINITY
    return {
      person,
      conversation,
      askedAt: at,
      removedAt: here.find(isStep('removal', 'done'))?.at ?? infinity,
      returnsAt: here.find(isStep('return', 'begun'))?.at ?? infinity,
      seq: removalSeqs.get(`${person} ${conversation}`)?.shift(),
    }
  })
}

const isStep =
  (kind: 'removal' | 'return', step: 'begun' | 'done') =>
  (entry: HistoryEntry): entry is EntryOf<'removal' | 'return'> =>
    entry.kind === kind && entry.step === step
