import type { HistoryEntry } from './history.ts'

/** A time at which somebody may not have been allowed to read: from when their removal was asked for until they were back. */
export interface Absence {
  readonly person: string
  readonly conversation: string
  readonly from: number
  readonly to: number
}

/** All absences of a run. */
export function absencesIn(entries: readonly HistoryEntry[]): Absence[] {
  return entries.flatMap((entry) => {
    if (entry.kind !== 'removal' || entry.step !== 'begun') return []
    const { person, conversation, at } = entry
    const back = entries.find(
      (other) =>
        other.kind === 'return' &&
        other.step === 'done' &&
        other.at >= at &&
        other.person === person &&
        other.conversation === conversation,
    )
    return [{ person, conversation, from: at, to: back?.at ?? Number.POSITIVE_INFINITY }]
  })
}

/** Whether somebody may not have been allowed to read a conversation at some moment between these two. */
export function isAbsent(
  absences: readonly Absence[],
  { person, conversation }: { readonly person: string; readonly conversation: string },
  from: number,
  to: number,
): boolean {
  return absences.some(
    (absence) =>
      absence.person === person && absence.conversation === conversation && absence.from <= to && absence.to >= from,
  )
}
