import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getOperationAST, parse } from 'graphql'
import { EventCompletion } from '../execution/event-completion.ts'
import { EventExecutor } from '../execution/event-executor.ts'
import { HttpDataSource } from '../execution/http-data-source.ts'
import type { Client } from '../identity/client.ts'
import type { SubscriptionStream } from '../subscriptions/subscription-stream.ts'
import { type SubscriptionOverrides, Subscriptions } from '../subscriptions/subscriptions.ts'
import { type LoadedSupergraph, loadSupergraph } from '../supergraph/supergraph.ts'
import type { GraphqlResult } from './graphql-result.ts'
import { LogLines } from './log-lines.ts'
import { compose, type ToySubgraph } from './toy-subgraph.ts'

/** Loads the supergraph of subgraphs that run. */
export async function loadToySupergraph(subgraphs: readonly ToySubgraph[]): Promise<LoadedSupergraph> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-supergraph-'))
  try {
    const path = join(folder, 'supergraph.graphql')
    await writeFile(path, compose(subgraphs))
    return await loadSupergraph(path, {})
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Subscriptions to a toy graph that runs, without the transports of clients. */
export class ToyStreams implements AsyncDisposable {
  readonly subscriptions: Subscriptions
  readonly logs: LogLines
  /** As whom the streams are opened, and later on read. */
  client: Client = { viewer: null, address: '127.0.0.1' }
  readonly #sources: readonly HttpDataSource[]

  private constructor(supergraph: LoadedSupergraph, overrides: SubscriptionOverrides) {
    this.logs = new LogLines()
    const { logger } = this.logs
    this.#sources = supergraph.subgraphs.map((it) => new HttpDataSource({ ...it, signer: undefined, logger }))
    const subgraphs = new Map(this.#sources.map((source) => [source.name, source]))
    const executor = new EventExecutor({ subgraphs })
    const completion = new EventCompletion({ executor, eventMs: 10_000, logger })
    this.subscriptions = new Subscriptions({ supergraph, completion, signer: undefined, logger, overrides })
  }

  static async open(subgraphs: readonly ToySubgraph[], overrides: SubscriptionOverrides = {}): Promise<ToyStreams> {
    return new ToyStreams(await loadToySupergraph(subgraphs), overrides)
  }

  subscribe(source: string, variables: Record<string, unknown> = {}, operationName?: string): SubscriptionStream {
    const document = parse(source)
    const operation = getOperationAST(document, operationName)
    if (!operation) throw new Error('There is no such operation.')
    const request = { client: () => this.client, requestId: 'test', source, document, operation, variables }
    return this.subscriptions.open({ ...request, unauthenticated: () => {} }, () => {})
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.subscriptions.close()
    await Promise.all(this.#sources.map((source) => source.close()))
  }
}

/** The next results of a stream; fewer when it ends. */
export async function take(stream: SubscriptionStream, count: number): Promise<GraphqlResult[]> {
  const results: GraphqlResult[] = []
  while (results.length < count) {
    const { done, value } = await stream.next()
    if (done) break
    results.push(JSON.parse(value))
  }
  return results
}
