import { type Absence, absencesIn } from './absences.ts'
import type { Breach } from './breach.ts'
import { Disturbances } from './disturbances.ts'
import type { EntryOf, History, HistoryEntry, StoredConversation } from './history.ts'
import { removalSeq } from './removal-place.ts'
import { type StreamHistory, streamsIn } from './stream-histories.ts'

/** Counted from the last heal. */
const ENDED_WITHIN_MS = 5_000

/** I5: whoever was removed is told nothing that came later, and their streams end. */
export function checkAccess(history: History): { breaches: Breach[]; judgedEnds: number } {
  const absences = absencesIn(history.entries)
  const disturbances = new Disturbances(history.entries)
  const breaches: Breach[] = []
  let judgedEnds = 0
  for (const stream of streamsIn(history.entries)) {
    for (const absence of absences) {
      if (absence.person !== stream.person || absence.conversation !== stream.conversation) continue
      const deadline = disturbances.deadline(absence.removedAt, ENDED_WITHIN_MS, absence.person)
      const end = judgeEnd(stream, absence, Math.min(deadline, endOf(history)), deadline)
      if (end !== 'nothing to judge') judgedEnds += 1
      if (typeof end === 'object') breaches.push(end)
      breaches.push(...checkSilence(stream, absence, history), ...checkBodies(stream, absence, history.entries))
    }
  }
  return { breaches, judgedEnds }
}

const endOf = ({ entries }: History) => entries.at(-1)?.at ?? 0

/** The removal itself may be told: it is the last that concerns them. */
function checkSilence(stream: StreamHistory, absence: Absence, { conversations, entries }: History): Breach[] {
  const conversation = conversations.find(({ id }) => id === absence.conversation)
  const seq = conversation && removalSeq(absence, conversation, entries)
  if (!conversation || seq === undefined) return []
  const last = stream.stream === 'events' ? seq : lastNumberBefore(conversation, seq)
  return eventsDuring(stream, absence)
    .filter(({ position }) => position.seq > last)
    .map(({ at, position, content }) => ({
      invariant: 'I5',
      at,
      what: `${stream.follower} was told "${content}" at ${position.seq} after the removal at ${last}`,
    }))
}

/** An event from before the removal must not be told with a text that somebody wrote after it. */
function checkBodies(stream: StreamHistory, absence: Absence, entries: readonly HistoryEntry[]): Breach[] {
  const later = new Set(
    entries.flatMap((entry) => (entry.kind === 'edit' && entry.at > absence.removedAt ? [entry.digest] : [])),
  )
  return eventsDuring(stream, absence)
    .filter(({ bodyDigest }) => bodyDigest !== undefined && later.has(bodyDigest))
    .map(({ at, content }) => ({
      invariant: 'I5',
      at,
      what: `${stream.follower} was told "${content}" with a text that was written after the removal`,
    }))
}

function eventsDuring({ entries }: StreamHistory, { askedAt, returnsAt }: Absence): EntryOf<'event'>[] {
  return entries.filter(
    (entry): entry is typeof entry & EntryOf<'event'> =>
      entry.kind === 'event' && entry.at >= askedAt && entry.at < returnsAt,
  )
}

/**
 * Whoever is back before the deadline is followed again, so that a stream that is open then may be right; but not one
 * that begins anew without having ended.
 */
function judgeEnd(
  stream: StreamHistory,
  { askedAt, removedAt, returnsAt }: Absence,
  judgedUntil: number,
  deadline: number,
): Breach | 'good' | 'nothing to judge' {
  const before = stream.entries.findLast(
    ({ at, kind }) => at < askedAt && (kind === 'begin' || kind === 'event' || kind === 'end'),
  )
  if (before === undefined || before.kind === 'end') return 'nothing to judge'
  const next = stream.entries.find(
    ({ at, kind }) => at >= askedAt && (kind === 'end' || kind === 'begin' || kind === 'reset'),
  )
  const breach = (what: string) => ({ invariant: 'I5' as const, at: removedAt, what: `${stream.follower} ${what}` })
  if (next?.kind === 'end' && next.at <= Math.min(deadline, returnsAt)) return 'good'
  if (next?.kind === 'begin' && next.at >= returnsAt) return breach('began anew without having ended after the removal')
  if (returnsAt <= deadline || judgedUntil < deadline) return 'nothing to judge'
  return breach(`was still open ${Math.round(deadline - removedAt)} ms after the removal`)
}

function lastNumberBefore({ messages, events }: StoredConversation, seq: number): number {
  const numbers = new Map(messages.map(({ id, number }) => [id, number]))
  const earlier = events
    .filter((event) => event.seq < seq && event.content.startsWith('MessageAdded '))
    .map(({ messageId }) => numbers.get(messageId ?? '') ?? 0)
  return earlier.reduce((highest, number) => Math.max(highest, number), 0)
}
