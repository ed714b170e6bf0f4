/** A subgraph, or what stands before it, did not let a call reach GraphQL. */
export class RefusedCallError extends Error {
  override readonly name = 'RefusedCallError'
  readonly status: number

  constructor(status: number) {
    super(`The subgraph answered with status ${status}.`)
    this.status = status
  }
}

/** Under other statuses than 2xx, GraphQL itself may say these. A 400 is about the request, whatever its code. */
const SPOKEN_BY_GRAPHQL: Record<number, string> = { 401: 'UNAUTHENTICATED', 429: 'RATE_LIMITED' }

/**
 * Tells what GraphQL answered from what the transport did. Once a request has been executed, its answer has an entry
 * `data` (GraphQL over HTTP, §6.4) and may have any status.
 *
 * @param body the answer's JSON.
 * @throws RefusedCallError
 */
export function checkStatus(status: number, body: unknown): void {
  if ((status >= 200 && status < 300) || status === 400) return
  const { data, errors } = (body ?? {}) as { data?: unknown; errors?: { extensions?: { code?: unknown } }[] }
  if (data !== undefined) return
  const spoken = SPOKEN_BY_GRAPHQL[status]
  const isSpoken = Array.isArray(errors) && errors.length > 0 && errors.every((it) => it?.extensions?.code === spoken)
  if (spoken === undefined || !isSpoken) throw new RefusedCallError(status)
}
