/** What the `subscribe` of a subscription's field returns: its events, and what a server has to know to tell them. */
export interface SourceStream<Event> extends AsyncIterableIterator<Event> {
  /** The position it begins after, where its events have not told one yet. */
  readonly opensAt?: unknown
  /** The event that says to subscribe again elsewhere; without it the stream just ends. */
  drainingEvent?(reconnectWithinMs: number): Event
  /**
   * Whether its viewer may still be told one of its events: asked before they are told what was made of it for another
   * viewer. Many ask at once. Without it nobody loses that right while the stream is open.
   */
  mayStill?(event: Event): Promise<boolean>
}
