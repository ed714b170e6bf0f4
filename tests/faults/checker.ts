import { isDeepStrictEqual } from 'node:util'
import type { Breach } from './breach.ts'
import { checkAccess } from './check-access.ts'
import { checkAcknowledged, checkOneEach } from './check-acknowledged.ts'
import { checkOrder } from './check-order.ts'
import type { History, HistoryEntry } from './history.ts'

/** A client that is further behind is told to read anew. */
const LONGEST_REPLAY = 1_000
const LONGEST_QUOTE = 400

/** What the checker found, and how much it had to go by. */
export interface Verdict {
  /** Everything that must not have happened (I1 to I6 and I8), in the order of time. */
  readonly breaches: readonly Breach[]
  /** Of how many pairs of a stream and a message it could say whether the one got the other in time. */
  readonly judgedDeliveries: number
  /** Of how many pairs of a stream and a removal it could say whether the stream ended. */
  readonly judgedEnds: number
}

/** Judges a run. */
export function check(history: History): Verdict {
  const { breaches: undelivered, judgedDeliveries } = checkAcknowledged(history)
  const { breaches: leaks, judgedEnds } = checkAccess(history)
  const breaches = [
    ...undelivered,
    ...checkOneEach(history),
    ...checkOrder(history),
    ...checkStates(history),
    ...leaks,
    ...checkResets(history),
    ...checkProcesses(history),
  ]
  return { breaches: breaches.sort((a, b) => a.at - b.at), judgedDeliveries, judgedEnds }
}

/** A run in which there was something to judge and nothing could be proves nothing. */
export function checkJudged({ entries }: History, { judgedDeliveries, judgedEnds }: Verdict): Breach[] {
  const at = entries.at(-1)?.at ?? 0
  const has = (kind: HistoryEntry['kind']) => entries.some((entry) => entry.kind === kind)
  return [
    ...(has('ack') && judgedDeliveries === 0
      ? [{ invariant: 'I1' as const, at, what: 'no delivery of an acknowledged message could be judged' }]
      : []),
    ...(has('removal') && judgedEnds === 0
      ? [
          {
            invariant: 'I5' as const,
            at,
            what: 'of no stream of somebody who was removed could be judged whether it ended',
          },
        ]
      : []),
  ]
}

/** I4 */
function checkStates({ states, entries }: History): Breach[] {
  const at = entries.at(-1)?.at ?? 0
  return states.flatMap(({ follower, fromEvents, readAnew }) => {
    if (isDeepStrictEqual(fromEvents, readAnew)) return []
    const what = `${follower} shows ${quote(firstDifference(fromEvents, readAnew))}`
    return [{ invariant: 'I4' as const, at, what }]
  })
}

/** I6: the log was begun anew, was pruned beyond the place, or is too far ahead of it. */
function checkResets({ entries, conversations }: History): Breach[] {
  const floors = new Map(conversations.map(({ id, floor }) => [id, floor]))
  return entries.flatMap((entry) => {
    if (entry.kind !== 'reset') return []
    const { after, head, follower, at } = entry
    const floor = floors.get(follower.split('/')[1] ?? '') ?? 0
    const mayBe = after.epoch !== head.epoch || after.seq < floor || head.seq - after.seq > LONGEST_REPLAY
    if (mayBe) return []
    return [{ invariant: 'I6' as const, at, what: `${follower} was reset at ${after.seq}, ${head.seq} being the head` }]
  })
}

/** I8 */
function checkProcesses({ entries }: History): Breach[] {
  return entries.flatMap((entry) =>
    entry.kind === 'crash'
      ? [{ invariant: 'I8' as const, at: entry.at, what: `${entry.process} ended ${entry.how}` }]
      : [],
  )
}

/** The smallest part of two values that differs, with where it is. */
function firstDifference(here: unknown, there: unknown, path = ''): { path: string; here: unknown; there: unknown } {
  if (isObject(here) && isObject(there)) {
    for (const key of new Set([...Object.keys(here), ...Object.keys(there)])) {
      if (!isDeepStrictEqual(here[key], there[key])) return firstDifference(here[key], there[key], `${path}/${key}`)
    }
  }
  return { path, here, there }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

function quote({ path, here, there }: { path: string; here: unknown; there: unknown }): string {
  const shorten = (value: unknown) => String(JSON.stringify(value)).slice(0, LONGEST_QUOTE)
  return `${shorten(here)} at ${path}, where a new snapshot has ${shorten(there)}`
}
