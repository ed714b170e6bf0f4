import type { HistoryEntry } from './history.ts'

/** A time during which nothing is promised about when something arrives. */
interface Disturbance {
  readonly from: number
  readonly to: number
  /** Whom it concerns; everybody unless given. */
  readonly person?: string
}

/**
 * Faults that follow one another without end excuse nothing for ever: so many times what is allowed without any fault may
 * pass without one in all.
 */
const MOST_TIMES = 2

/** When faults and frozen apps excuse a delay. */
export class Disturbances {
  readonly #all: readonly Disturbance[]

  constructor(entries: readonly HistoryEntry[]) {
    this.#all = [...faultsIn(entries), ...freezesIn(entries)].sort((a, b) => a.from - b.from)
  }

  /**
   * When something that happened at `at` has to have reached this person: within so many milliseconds, counted from the end
   * of every disturbance that lies in between, but not after twice that time without disturbances in all.
   */
  deadline(at: number, withinMs: number, person: string): number {
    let deadline = at + withinMs
    let [calmMs, calmSince] = [0, at]
    for (const { from, to, person: whom } of this.#all) {
      if (whom !== undefined && whom !== person) continue
      if (to <= at) continue
      calmMs += Math.max(0, from - calmSince)
      if (from >= deadline || calmMs >= MOST_TIMES * withinMs) break
      calmSince = Math.max(calmSince, to)
      deadline = Math.max(deadline, to + withinMs)
    }
    return deadline
  }
}

function faultsIn(entries: readonly HistoryEntry[]): Disturbance[] {
  return entries.flatMap((entry) => {
    if (entry.kind !== 'fault') return []
    const heal = entries.find(({ at, kind, ...rest }) => kind === 'heal' && at >= entry.at && isNamed(rest, entry.name))
    return [{ from: entry.at, to: heal?.at ?? Number.POSITIVE_INFINITY }]
  })
}

function freezesIn(entries: readonly HistoryEntry[]): Disturbance[] {
  return entries.flatMap((entry) => {
    if (entry.kind !== 'frozen') return []
    const thaw = entries.find(
      (other) => other.kind === 'thawed' && other.at >= entry.at && other.person === entry.person,
    )
    return [{ from: entry.at, to: thaw?.at ?? Number.POSITIVE_INFINITY, person: entry.person }]
  })
}

const isNamed = (entry: object, name: string) => 'name' in entry && entry.name === name
