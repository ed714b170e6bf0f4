import type { FastifyRequest } from 'fastify'
import type { SubscribePayload } from 'graphql-ws'
import type { Client } from '../identity/client.ts'
import type { HttpAnswer } from './apollo-http.ts'

/** Runs a query; the signal aborts when nobody waits for its answer any more. */
type Run = (abandoned: AbortSignal) => Promise<HttpAnswer>

/** A query that runs, and how many wait for its answer. */
interface QueryInFlight {
  readonly abandonment: AbortController
  readonly answer: Promise<HttpAnswer | undefined>
  waiting: number
}

/** Identical queries that are under way at the same moment run once; each of those who wait gets the same bytes. */
export class QueriesInFlight {
  readonly #queries = new Map<string, QueryInFlight>()

  /**
   * The answer to the same query, if it runs: undefined when it does not, or when its answer is for nobody else, because
   * errors in it tell of the request that it was made for.
   *
   * @param departed aborts when this client leaves.
   */
  async join(key: string, departed: AbortSignal): Promise<HttpAnswer | undefined> {
    const query = this.#queries.get(key)
    if (!query) return undefined
    this.#wait(key, query, departed)
    return query.answer
  }

  /**
   * Runs a query that others may join until it is answered.
   *
   * @param departed aborts when this client leaves; the query goes on as long as anybody waits for it.
   */
  lead(key: string, departed: AbortSignal, run: Run): Promise<HttpAnswer> {
    const abandonment = new AbortController()
    const ran = run(abandonment.signal).then(written)
    const answer = ran.then(
      (own) => (isForAll(own) ? own : undefined),
      () => undefined,
    )
    const query = { abandonment, answer, waiting: 0 }
    this.#queries.set(key, query)
    this.#wait(key, query, departed)
    void answer.then(() => this.#forget(key, query))
    return ran
  }

  #wait(key: string, query: QueryInFlight, departed: AbortSignal): void {
    query.waiting += 1
    const leave = () => {
      query.waiting -= 1
      if (query.waiting > 0) return
      this.#forget(key, query)
      query.abandonment.abort()
    }
    if (departed.aborted) leave()
    else departed.addEventListener('abort', leave, { once: true })
  }

  #forget(key: string, query: QueryInFlight): void {
    if (this.#queries.get(key) === query) this.#queries.delete(key)
  }
}

/**
 * What makes two queries identical: what is asked for, whose token asks and from which address, because subgraphs are
 * told both, and how the answer is to be written. Undefined for a request that must be looked at by itself.
 */
export function queryKey(
  { method, url, headers }: FastifyRequest,
  { query, operationName, variables, extensions }: SubscribePayload,
  { authorization, address }: Client,
): string | undefined {
  if (!isSafe(headers) || headers['apollo-query-plan-experimental'] !== undefined) return undefined
  const asked = method === 'POST' ? [query, operationName, variables, extensions] : [url]
  return textOf([authorization, address, headers.accept, ...asked])
}

/** Undefined of what is nested too deep to be written, which will be refused. */
function textOf(parts: readonly unknown[]): string | undefined {
  try {
    return JSON.stringify(parts)
  } catch {
    return undefined
  }
}

/** Whether Apollo Server takes the request for no forgery, whatever else it is. */
export function isSafe(headers: FastifyRequest['headers']): boolean {
  const { 'content-type': type, 'apollo-require-preflight': preflight, 'x-apollo-operation-name': name } = headers
  return Boolean(type?.startsWith('application/json') || preflight || name)
}

/** As bytes, once for all. */
function written({ body, ...head }: HttpAnswer): HttpAnswer & { body: Buffer } {
  return { ...head, body: typeof body === 'string' ? Buffer.from(body) : body }
}

const DATA = Buffer.from('{"data":')

/** Errors stand before the data, as the specification of GraphQL suggests (§7.1) and Apollo Server does. */
function isForAll({ status, body }: HttpAnswer & { body: Buffer }): boolean {
  return status === 200 && DATA.equals(body.subarray(0, DATA.length))
}
