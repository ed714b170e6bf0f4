import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readGatewayConfig } from '../config.ts'
import { type GatewayOverrides, type RunningGateway, startGateway } from '../gateway.ts'
import type { GraphqlResult } from './graphql-result.ts'
import { ToyGraph } from './toy-graph.ts'

export interface ToyGateway extends AsyncDisposable {
  readonly graph: ToyGraph
  readonly gateway: RunningGateway
  /** The path of the supergraph that it serves. */
  readonly supergraph: string
  /** Of the GraphQL endpoint, over HTTP and over a socket. */
  readonly url: string
  readonly socketUrl: string
  /** Posts an operation. */
  query(query: string, options?: { variables?: object; headers?: Record<string, string> }): Promise<Answer>
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: GraphqlResult
}

/** Starts the toy graph and a gateway in front of it, each part as it runs in production. */
export async function startToyGateway(
  environment: NodeJS.ProcessEnv = {},
  overrides: GatewayOverrides = {},
): Promise<ToyGateway> {
  const graph = await new ToyGraph().start()
  const folder = await mkdtemp(join(tmpdir(), 'parley-gateway-'))
  const supergraph = join(folder, 'supergraph.graphql')
  await writeFile(supergraph, graph.supergraphSdl())
  const config = readGatewayConfig({
    PORT: '0',
    SUPERGRAPH: supergraph,
    LOG_LEVEL: 'silent',
    LOG_FORMAT: 'json',
    ...environment,
  })
  const gateway = await startGateway(config, overrides)
  const url = `${gateway.url}/graphql`
  return {
    graph,
    gateway,
    supergraph,
    url,
    socketUrl: url.replace('http', 'ws'),
    query: (query, { variables, headers } = {}) => post(url, JSON.stringify({ query, variables }), headers),
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]()
      await graph.stop()
      await rm(folder, { recursive: true })
    },
  }
}

export async function post(url: string, body: string, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  })
  return { status: response.status, headers: response.headers, body: (await response.json()) as GraphqlResult }
}
