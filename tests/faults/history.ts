/** A place in a conversation's log of events, or, with an empty epoch, among its messages. */
export interface Position {
  readonly epoch: string
  readonly seq: number
}

/** What happened to a stream that a client follows. `follower` is one stream of one client in one conversation. */
export type StreamEntry = { readonly follower: string } & (
  | {
      /** It begins behind this place, up to which the client has just read everything. */
      readonly kind: 'begin'
      readonly person: string
      readonly conversation: string
      readonly stream: 'events' | 'messages'
      readonly position: Position
    }
  | {
      readonly kind: 'event'
      readonly position: Position
      /** What it tells, without what may have changed since: the same for everybody who is told. */
      readonly content: string
      /** Of MessageAdded, and of messages. */
      readonly messageId?: string
      /** Of the text of the message that it brings, which an edit may have changed since the event. */
      readonly bodyDigest?: string
    }
  | { readonly kind: 'caught-up'; readonly position: Position }
  | { readonly kind: 'reset'; readonly after: Position; readonly head: Position }
  /** Its connection, or it alone, ended; the client takes it up again. */
  | { readonly kind: 'reconnect'; readonly why: string }
  /** The client was told that it may not read here. */
  | { readonly kind: 'end'; readonly why: string }
)

/** Something that happened in a run. `at` is in milliseconds on the runner's monotonic clock. */
export type HistoryEntry = { readonly at: number } & (
  | StreamEntry
  | { readonly kind: 'send'; readonly person: string; readonly conversation: string; readonly clientId: string }
  | {
      readonly kind: 'ack'
      readonly person: string
      readonly conversation: string
      readonly clientId: string
      readonly messageId: string
      readonly number: number
    }
  /** Somebody is about to give a message this text. */
  | { readonly kind: 'edit'; readonly person: string; readonly messageId: string; readonly digest: string }
  /** The server said for good that this person may not write here. */
  | { readonly kind: 'refusal'; readonly person: string; readonly clientId: string }
  /** Somebody takes a person out of a conversation or brings them back; `done` is the acknowledgement. */
  | {
      readonly kind: 'removal' | 'return'
      readonly step: 'begun' | 'done'
      readonly person: string
      readonly conversation: string
    }
  | { readonly kind: 'fault' | 'heal'; readonly name: string }
  /** The app of this person stops reading its socket, and reads again. */
  | { readonly kind: 'frozen' | 'thawed'; readonly person: string }
  /** A process ended otherwise than it was told to. */
  | { readonly kind: 'crash'; readonly process: string; readonly how: string }
  /** Anything else that is worth reading when a run is looked into. */
  | { readonly kind: 'note'; readonly text: string }
)

export type EntryOf<Kind extends HistoryEntry['kind']> = Extract<HistoryEntry, { readonly kind: Kind }>

/** An entry without its time. */
export type NewEntry = HistoryEntry extends infer Entry
  ? Entry extends HistoryEntry
    ? Omit<Entry, 'at'>
    : never
  : never

/** What the database holds of one conversation at the end. Ids are as clients see them. */
export interface StoredConversation {
  readonly id: string
  readonly epoch: string
  /** The event log's head, and up to where it was pruned. */
  readonly head: number
  readonly floor: number
  readonly messageCount: number
  readonly messages: readonly StoredMessage[]
  /** In the order of `seq`. */
  readonly events: readonly { readonly seq: number; readonly content: string; readonly messageId: string | null }[]
}

export interface StoredMessage {
  readonly number: number
  readonly id: string
  readonly author: string | null
  readonly clientId: string | null
}

/** What a client has made of a conversation from its snapshot and the events since, and what it reads anew at the end. */
export interface FinalState {
  readonly follower: string
  readonly fromEvents: unknown
  readonly readAnew: unknown
}

/** All that the checker judges. */
export interface History {
  /** In the order in which it happened. */
  readonly entries: readonly HistoryEntry[]
  readonly conversations: readonly StoredConversation[]
  readonly states: readonly FinalState[]
}
