import type { ApolloServerPlugin, BaseContext } from '@apollo/server'
import type { OperationDocuments } from './operation-documents.ts'

/** The results of a subscription as JSON, one after the other. */
export interface JsonResults extends AsyncIterableIterator<string, undefined> {
  return(): Promise<IteratorResult<string, undefined>>
}

/** Whether a request asks what it costs: `"extensions": { "cost": true }`. */
export function wantsCost(extensions: unknown): boolean {
  return (Object(extensions) as { cost?: unknown }).cost === true
}

/** Adds `extensions.cost` to the answers of queries and mutations that ask for it. */
export function costReport(documents: OperationDocuments): ApolloServerPlugin<BaseContext> {
  return {
    requestDidStart: async ({ request }) => {
      if (!wantsCost(request.extensions)) return
      return {
        willSendResponse: async ({ document, operation, response: { body } }) => {
          if (!document || !operation) return
          const cost = documents.costOf({ document, operation, variables: request.variables })
          const result = body.kind === 'single' ? body.singleResult : body.initialResult
          result.extensions = { ...result.extensions, cost }
        },
      }
    },
  }
}

/** The results of a subscription with `extensions.cost` in each of them; they are parsed and written anew for that. */
export class CostedResults implements JsonResults {
  readonly #results: JsonResults
  readonly #cost: number

  /** @param cost of one event. */
  constructor(results: JsonResults, cost: number) {
    this.#results = results
    this.#cost = cost
  }

  async next(): Promise<IteratorResult<string, undefined>> {
    const { done, value } = await this.#results.next()
    if (done) return { done, value }
    const result = JSON.parse(value) as { extensions?: object }
    return { done: false, value: JSON.stringify({ ...result, extensions: { ...result.extensions, cost: this.#cost } }) }
  }

  return(): Promise<IteratorResult<string, undefined>> {
    return this.#results.return()
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
