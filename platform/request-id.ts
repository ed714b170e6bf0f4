import { randomUUID } from 'node:crypto'

const SAFE = /^[A-Za-z0-9._:-]{1,128}$/

/** The caller's `x-request-id` when it is at most 128 safe characters, else a new UUID. */
export function requestIdFrom(header: unknown): string {
  return typeof header === 'string' && SAFE.test(header) ? header : randomUUID()
}
