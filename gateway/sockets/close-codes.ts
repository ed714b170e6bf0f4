import { RECONNECT_WITHIN_MS } from '../sessions/drain.ts'

/** RFC 6455 §7.4 registry: the service restarts, and the service is overloaded. */
export const SERVICE_RESTART = 1012
export const TRY_AGAIN_LATER = 1013

/** Of our own: the client does not take what is sent to it. Clients of graphql-transport-ws come back after it. */
export const TOO_SLOW = 4290

/** The reason of a close frame (123 bytes at most) after which a client comes back and resumes. */
export function reconnectSoon(): string {
  return JSON.stringify({ reconnectWithinMs: RECONNECT_WITHIN_MS })
}

/**
 * The reason of a close frame (123 bytes at most) after which a client waits before it tries again.
 *
 * @param code a word for programs.
 */
export function retryLater(code: string, retryAfterMs: number): string {
  return JSON.stringify({ code, retryAfterMs })
}
