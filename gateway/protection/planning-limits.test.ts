import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readGatewayConfig } from '../config.ts'
import { type RunningGateway, startGateway } from '../gateway.ts'
import { manyWays } from '../testing/many-ways.ts'
import { SocketClient } from '../testing/socket-client.ts'
import { post } from '../testing/start-toy-gateway.ts'
import { compose } from '../testing/toy-subgraph.ts'

const DEEP = `{ ${'a { b { '.repeat(5)} a0 ${'} }'.repeat(5)} }`
const REFUSAL = {
  message: 'There are too many ways to plan the operation. Ask for less of it at once.',
  extensions: { code: 'OPERATION_TOO_EXPENSIVE', requestId: expect.any(String) },
}
const HARMLESS = '{ __typename }'
const ANSWER = { data: { __typename: 'Query' } }

let folder: string
let gateway: RunningGateway
let url: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-planning-'))
  const supergraph = join(folder, 'supergraph.graphql')
  await writeFile(supergraph, compose(manyWays(10)))
  const environment = { PORT: '0', SUPERGRAPH: supergraph, LOG_LEVEL: 'silent', LOG_FORMAT: 'json' }
  gateway = await startGateway(readGatewayConfig(environment))
  url = `${gateway.url}/graphql`
})

afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

it('an operation that takes too long to plan is refused over HTTP, and the next request is served', async () => {
  const { status, body } = await post(url, JSON.stringify({ query: DEEP }))
  expect(status).toBe(400)
  expect(body.errors).toEqual([REFUSAL])
  expect((await post(url, JSON.stringify({ query: HARMLESS }))).body).toEqual(ANSWER)
})

it('an operation that takes too long to plan is refused on a socket, and the next is served', async () => {
  const client = await SocketClient.connect(url.replace('http', 'ws'))
  client.subscribe('bad', DEEP)
  expect((await client.next()).payload).toMatchObject({ errors: [REFUSAL] })
  expect((await client.next()).type).toBe('complete')
  client.subscribe('good', HARMLESS)
  expect(await client.next()).toMatchObject({ type: 'next', id: 'good', payload: ANSWER })
  await client.close()
})
