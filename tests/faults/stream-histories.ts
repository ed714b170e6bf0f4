import type { EntryOf, HistoryEntry, StreamEntry } from './history.ts'

/** What one stream of one client went through, in order. */
export interface StreamHistory {
  readonly follower: string
  readonly person: string
  readonly conversation: string
  readonly stream: 'events' | 'messages'
  readonly entries: readonly (HistoryEntry & StreamEntry)[]
}

/** The streams of a run; those that never began are left out. */
export function streamsIn(entries: readonly HistoryEntry[]): StreamHistory[] {
  const byFollower = new Map<string, (HistoryEntry & StreamEntry)[]>()
  for (const entry of entries) {
    if (!('follower' in entry)) continue
    const known = byFollower.get(entry.follower)
    if (known) known.push(entry)
    else byFollower.set(entry.follower, [entry])
  }
  return [...byFollower].flatMap(([follower, own]) => {
    const begin = own.find((entry): entry is EntryOf<'begin'> & StreamEntry => entry.kind === 'begin')
    if (!begin) return []
    const { person, conversation, stream } = begin
    return [{ follower, person, conversation, stream, entries: own }]
  })
}

/** When one stream's client got each message: by an event, or with what it read before it began. */
export class Deliveries {
  readonly #told = new Map<string, number>()
  readonly #begins: { readonly seq: number; readonly at: number }[] = []

  constructor({ entries }: StreamHistory) {
    for (const entry of entries) {
      if (entry.kind === 'begin') this.#begins.push({ seq: entry.position.seq, at: entry.at })
      if (entry.kind !== 'event' || entry.messageId === undefined) continue
      if (!this.#told.has(entry.messageId)) this.#told.set(entry.messageId, entry.at)
    }
  }

  /** Undefined when it never got the message, which has this place in its stream. */
  at(messageId: string, seq: number): number | undefined {
    const told = this.#told.get(messageId)
    const read = this.#begins.find((begin) => begin.seq >= seq)?.at
    return read === undefined || told === undefined ? (told ?? read) : Math.min(told, read)
  }
}
