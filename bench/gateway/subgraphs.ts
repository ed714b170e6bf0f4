/**
 * Serves every subgraph of the benchmark on one port, under its name. An answer is computed once for each request body:
 * they are not what is measured. Tells who asks how many fetches there were since the last question.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { graphql } from 'graphql'
import { SUBGRAPHS } from './graph.ts'

/** What this process answers. */
export interface SubgraphsReport {
  readonly url: string
  /** Since the last question. */
  readonly fetches: number
  /** Of those, how many were not known yet. */
  readonly computed: number
}

const IDLE_MS = 600_000
const served = new Map(SUBGRAPHS.map((subgraph) => [`/${subgraph.name}`, subgraph]))
const answers = new Map<string, Buffer>()
let fetches = 0
let computed = 0

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    fetches += 1
    const body = chunks.length === 1 ? (chunks[0] ?? Buffer.of()) : Buffer.concat(chunks)
    const key = `${request.url} ${body.toString('latin1')}`
    const known = answers.get(key)
    if (known) send(response, known)
    else void computeAnswer(request, response, key, body)
  })
})
server.keepAliveTimeout = IDLE_MS
await once(server.listen(0, '127.0.0.1'), 'listening')
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

process.on('disconnect', () => process.exit(0))
process.on('message', () => {
  process.send?.({ url, fetches, computed } satisfies SubgraphsReport)
  fetches = 0
  computed = 0
})

async function computeAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  key: string,
  body: Buffer,
): Promise<void> {
  const subgraph = served.get(request.url ?? '')
  if (!subgraph) throw new Error(`Nothing is served at ${request.url}.`)
  const { query: source, variables: variableValues, operationName } = JSON.parse(body.toString())
  computed += 1
  const { schema, sdl } = subgraph
  // The library prints Federation 1's extensions with an empty type beside each, which Mercurius takes for the type.
  const rootValue = { _service: { sdl } }
  const result = source.includes('_service')
    ? { data: rootValue }
    : await graphql({ schema, source, variableValues, operationName })
  const answer = Buffer.from(JSON.stringify(result))
  answers.set(key, answer)
  send(response, answer)
}

function send(response: ServerResponse, answer: Buffer): void {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length })
  response.end(answer)
}
