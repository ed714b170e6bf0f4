/**
 * Work that many ask for at once. One run at a time: whoever asks during a run is not served by that one, which may have
 * looked already, but by one more that follows, together with all others who asked meanwhile.
 *
 * @returns asks; resolves when a run has ended that began after the call, and rejects with what that run threw.
 */
export function coalesced(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined
  let next: Promise<void> | undefined
  const begin = () => {
    next = undefined
    running = work().finally(() => {
      running = undefined
    })
    return running
  }
  return () => {
    next ??= running?.then(begin, begin)
    return next ?? begin()
  }
}
