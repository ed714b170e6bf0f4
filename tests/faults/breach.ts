/** What the checker judges. */
export const INVARIANTS = {
  I1: 'every acknowledged message reaches every continuously authorised watcher, in time',
  I2: 'at most one message for each sender and client id',
  I3: 'numbers and events are gapless, applied one after another, and the same for everybody',
  I4: 'what events make of a snapshot is what a new snapshot shows',
  I5: 'streams end within five seconds of losing access, and tell nothing that was said after it',
  I6: 'a stream is reset only when it may be',
  I7: 'processes come back to where they were after connections come and go',
  I8: 'processes end when and how they are told to',
} as const

/** Something that must not happen, and did. */
export interface Breach {
  readonly invariant: keyof typeof INVARIANTS
  /** When, on the clock of the history. */
  readonly at: number
  readonly what: string
}
