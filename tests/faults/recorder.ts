import { createWriteStream, type WriteStream } from 'node:fs'
import type { EntryOf, HistoryEntry, NewEntry } from './history.ts'

/** Keeps what happens in a run, with the time at which it was noted; also as JSON lines in a file, if one is named. */
export class Recorder {
  readonly #entries: HistoryEntry[] = []
  readonly #file: WriteStream | undefined

  constructor(path?: string) {
    this.#file = path === undefined ? undefined : createWriteStream(path)
  }

  get entries(): readonly HistoryEntry[] {
    return this.#entries
  }

  note(entry: NewEntry): void {
    const timed = { at: performance.now(), ...entry } as HistoryEntry
    this.#entries.push(timed)
    this.#file?.write(`${JSON.stringify(timed)}\n`)
  }

  /** Those of one kind, within this time. */
  between<Kind extends HistoryEntry['kind']>(kind: Kind, from: number, to = Number.POSITIVE_INFINITY): EntryOf<Kind>[] {
    return this.#entries.filter(
      (entry): entry is EntryOf<Kind> => entry.kind === kind && entry.at >= from && entry.at < to,
    )
  }
}
