import type { Absence } from './absences.ts'
import type { HistoryEntry, StoredConversation } from './history.ts'

/**
 * Where in the log the removal is that began an absence; undefined when the log has it no more. It lies behind everything
 * that anybody had been told when it was asked for, and before every message that was sent once it was acknowledged. When
 * there is none, a request that was late had already removed the person again.
 */
export function removalSeq(
  { person, conversation, askedAt, removedAt }: Absence,
  { events }: Pick<StoredConversation, 'events'>,
  entries: readonly HistoryEntry[],
): number | undefined {
  const known = knownBefore(conversation, askedAt, entries)
  const sentLater = new Set(
    entries.flatMap((entry) => (entry.kind === 'send' && entry.at > removedAt ? [entry.clientId] : [])),
  )
  const later = new Set(
    entries.flatMap((entry) => (entry.kind === 'ack' && sentLater.has(entry.clientId) ? [entry.messageId] : [])),
  )
  const bound =
    events.find(
      ({ seq, content, messageId }) =>
        seq > known && content === `MessageAdded ${messageId}` && later.has(messageId ?? ''),
    )?.seq ?? Number.POSITIVE_INFINITY
  const ofPerson = events.filter(
    ({ content }) => content === `MemberRemoved ${person}` || content === `MemberAdded ${person}`,
  )
  const between = ofPerson.find(({ seq, content }) => content.startsWith('MemberRemoved') && seq > known && seq < bound)
  if (between) return between.seq
  const last = ofPerson.findLast(({ seq }) => seq <= known)
  return last?.content.startsWith('MemberRemoved') ? last.seq : undefined
}

/** The newest place in a conversation's log that any stream of events had reached by then. */
function knownBefore(conversation: string, at: number, entries: readonly HistoryEntry[]): number {
  let known = 0
  for (const entry of entries) {
    if (entry.at >= at) break
    if (!('position' in entry) || !entry.follower.endsWith(`/${conversation}/events`)) continue
    known = Math.max(known, entry.position.seq)
  }
  return known
}
