import type { EntryOf, HistoryEntry } from './history.ts'

/** Somebody's time outside a conversation, in the moments that the history knows; those that never came are infinite. */
export interface Absence {
  readonly person: string
  readonly conversation: string
  /** When the removal was asked for, and when it was acknowledged. */
  readonly askedAt: number
  readonly removedAt: number
  /** When the return was asked for, and when it was acknowledged. */
  readonly returnsAt: number
  readonly backAt: number
}

/** All absences of a run, in order. */
export function absencesIn(entries: readonly HistoryEntry[]): Absence[] {
  return entries.filter(isStep('removal', 'begun')).map(({ person, conversation, at: askedAt }) => {
    const later = entries.filter(
      (entry): entry is EntryOf<'removal' | 'return'> =>
        (entry.kind === 'removal' || entry.kind === 'return') &&
        entry.at >= askedAt &&
        entry.person === person &&
        entry.conversation === conversation,
    )
    const momentOf = (...step: Parameters<typeof isStep>) => later.find(isStep(...step))?.at ?? Number.POSITIVE_INFINITY
    return {
      person,
      conversation,
      askedAt,
      removedAt: momentOf('removal', 'done'),
      returnsAt: momentOf('return', 'begun'),
      backAt: momentOf('return', 'done'),
    }
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
      absence.person === person &&
      absence.conversation === conversation &&
      absence.askedAt <= to &&
      absence.backAt >= from,
  )
}

const isStep =
  (kind: 'removal' | 'return', step: 'begun' | 'done') =>
  (entry: HistoryEntry): entry is EntryOf<'removal' | 'return'> =>
    entry.kind === kind && entry.step === step
