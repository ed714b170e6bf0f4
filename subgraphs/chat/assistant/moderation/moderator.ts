/** Who judges what is said to the assistant, and by it. */
export interface Moderator {
  /**
   * Judges a text.
   *
   * @throws GenerationError MODERATION_REFUSED; PROVIDER_UNAVAILABLE or PROVIDER_TIMEOUT when nobody judges; the signal's
   *   reason when aborted.
   */
  check(text: string, signal: AbortSignal): Promise<void>
}

/** Nobody judges. */
export const NO_MODERATION: Moderator = { check: async () => undefined }
