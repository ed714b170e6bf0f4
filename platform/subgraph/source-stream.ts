/** What the `subscribe` of a subscription's field returns: its events, and what a server that stops has to know of them. */
export interface SourceStream<Event> extends AsyncIterableIterator<Event> {
  /** The position it begins after, where its events have not told one yet. */
  readonly opensAt?: unknown
  /** The event that says to subscribe again elsewhere; without it the stream just ends. */
  drainingEvent?(reconnectWithinMs: number): Event
}
