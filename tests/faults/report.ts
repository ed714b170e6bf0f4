import { absencesIn, isAbsent } from './absences.ts'
import { type Breach, INVARIANTS } from './breach.ts'
import type { Verdict } from './checker.ts'
import type { Recorder } from './recorder.ts'
import type { Phase } from './run.ts'
import { streamsIn } from './stream-histories.ts'

const HEADINGS = [
  'fault',
  'acked',
  'delivered',
  'reconnects',
  'resets',
  'worst delivery ms',
  'catch-up ms',
  'breaches',
] as const
const MOST_BREACHES = 30

/** What happened while one fault was there and was caught up with, in the order of the headings. */
export function summarise({ name, from, to, caughtUpAfterMs }: Phase, recorder: Recorder, breaches: readonly Breach[]) {
  const deliveries = recorder.between('event', from, to).filter(({ messageId }) => messageId !== undefined)
  const count = (kind: 'ack' | 'reconnect' | 'reset') => recorder.between(kind, from, to).length
  return [
    name,
    count('ack'),
    deliveries.length,
    count('reconnect'),
    count('reset'),
    Math.round(worstDelay(recorder, from, to)),
    caughtUpAfterMs === undefined ? 'never' : Math.round(caughtUpAfterMs),
    breaches.filter(({ at }) => at >= from && at < to).length,
  ].map(String)
}

/** From an acknowledgement to a delivery to somebody who may read all the time, in milliseconds. */
function worstDelay({ entries }: Recorder, from: number, to: number): number {
  const absences = absencesIn(entries)
  const acks = new Map<string, number>()
  for (const entry of entries) {
    if (entry.kind !== 'ack' || entry.at < from || entry.at >= to) continue
    // The same message may be acknowledged again.
    if (!acks.has(entry.messageId)) acks.set(entry.messageId, entry.at)
  }
  const delays = streamsIn(entries).flatMap((stream) =>
    stream.entries.map((entry) => {
      const ackedAt = entry.kind === 'event' ? acks.get(entry.messageId ?? '') : undefined
      if (ackedAt === undefined || isAbsent(absences, stream, ackedAt, entry.at)) return 0
      return entry.at - ackedAt
    }),
  )
  return delays.reduce((worst, delay) => Math.max(worst, delay), 0)
}

/** All phases as a table, with headings. */
export function tableOf(phases: readonly Phase[], recorder: Recorder, breaches: readonly Breach[]): string {
  const rows = [[...HEADINGS], ...phases.map((phase) => summarise(phase, recorder, breaches))]
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
  return rows.map(line).join('\n')
}

/** How much the checker had to go by. */
export function summariseJudged({ judgedDeliveries, judgedEnds }: Verdict): string {
  return `judged: ${judgedDeliveries} deliveries of a message to a stream, ${judgedEnds} ends of a stream after a removal`
}

/** The breaches in words, the first ones if there are many, with the rules that they break. */
export function explain(breaches: readonly Breach[], startedAt: number): string {
  const broken = [...new Set(breaches.map(({ invariant }) => invariant))].sort()
  const rules = broken.map((invariant) => `${invariant}: ${INVARIANTS[invariant]}`)
  const lines = breaches
    .slice(0, MOST_BREACHES)
    .map(({ invariant, at, what }) => `  ${((at - startedAt) / 1_000).toFixed(2)} s ${invariant} ${what}`)
  const more = breaches.length > MOST_BREACHES ? [`  and ${breaches.length - MOST_BREACHES} more`] : []
  return [`${breaches.length} breaches`, ...rules, ...lines, ...more].join('\n')
}
