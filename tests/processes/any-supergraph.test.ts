import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from 'graphql-ws'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { SocketClient } from '../../gateway/testing/socket-client.ts'
import { post } from '../../gateway/testing/start-toy-gateway.ts'
import { ToyGraph } from '../../gateway/testing/toy-graph.ts'
import { compose, ToySubgraph } from '../../gateway/testing/toy-subgraph.ts'
import { type Environment, freePort, spawnParley } from '../support/parley-process.ts'

/** What docs/gateway.md tells to set where only trusted clients can reach the gateway. */
async function documentedVariables(): Promise<Environment> {
  const docs = await readFile('docs/gateway.md', 'utf8')
  const command = docs.split('```').find((block) => block.includes('LIMIT_COST=') && block.includes('gateway/main.ts'))
  const given = [...(command ?? '').matchAll(/([A-Z_]+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value])
  const { SUPERGRAPH, PORT, LOG_LEVEL, ...wide } = Object.fromEntries(given)
  expect([SUPERGRAPH, PORT, LOG_LEVEL]).toEqual(['supergraph.graphql', '4000', 'warn'])
  return wide
}

const ADDED = 'subscription { reviewAdded { id author { name } } }'
const ADDED_A = { data: { reviewAdded: { id: 'a', author: { name: 'Name of u1' } } } }

/** Compiled modules are kept, as the launcher keeps them, which halves the time of the next start. */
const COMPILED: Environment = { NODE_COMPILE_CACHE: 'node_modules/.cache/compiled' }

/** Nodes that lead to one another through two subgraphs, so that operations may be as deep and wide as one likes. */
const rings = [
  new ToySubgraph('left', 'type Query { node: Node! } type Node @key(fields: "id") { id: ID! right: Node! }', {
    Query: { node: () => ({ id: '1' }) },
    Node: { __resolveReference: (node: object) => node, right: (node: object) => node },
  }),
  new ToySubgraph('right', 'type Node @key(fields: "id") { id: ID! left: Node! }', {
    Node: { __resolveReference: (node: object) => node, left: (node: object) => node },
  }),
]
const graph = new ToyGraph()
let folder: string

beforeAll(async () => {
  await Promise.all([graph.start(), ...rings.map((ring) => ring.start())])
  folder = await mkdtemp(join(tmpdir(), 'parley-any-'))
  await writeFile(join(folder, 'toy.graphql'), graph.supergraphSdl())
  await writeFile(join(folder, 'rings.graphql'), compose(rings))
})

afterAll(async () => {
  await Promise.all([graph.stop(), ...rings.map((ring) => ring.stop())])
  await rm(folder, { recursive: true })
})

/** `SUPERGRAPH=… PORT=… node gateway/main.ts` */
async function serve(supergraph: string, environment: Environment) {
  const port = await freePort()
  const variables = {
    SUPERGRAPH: join(folder, supergraph),
    PORT: String(port),
    HOST: '127.0.0.1',
    ...COMPILED,
    ...environment,
  }
  const gateway = spawnParley([process.execPath, 'gateway/main.ts'], variables)
  await gateway.says(/listening/)
  const url = `http://127.0.0.1:${port}`
  const query = async (text: string, headers: Record<string, string> = {}) =>
    (await post(`${url}/graphql`, JSON.stringify({ query: text }), headers)).body
  return { ...gateway, url, socketUrl: `ws://127.0.0.1:${port}/graphql`, query }
}

const statusOf = async (url: string, headers: Record<string, string> = {}) => (await fetch(url, { headers })).status

describe.each(['development', 'production'])('a supergraph that is not ours, with NODE_ENV=%s', (NODE_ENV) => {
  it('is served by the gateway alone, over HTTP and WebSockets, whoever signs its tokens', async () => {
    const { url, socketUrl, query, launcher, exitCode } = await serve('toy.graphql', { NODE_ENV, EXPLORER: 'off' })
    for (const path of ['/health', '/ready', '/metrics']) expect(await statusOf(`${url}${path}`)).toBe(200)
    const authorization = 'Bearer of.somebody.else'
    expect(await query('{ reviews { id author { name } } }', { authorization })).toEqual({
      data: {
        reviews: [
          { id: 'r1', author: { name: 'Name of u1' } },
          { id: 'r2', author: { name: 'Name of u2' } },
        ],
      },
    })
    expect(graph.users.requests.at(-1)?.headers.authorization).toBe(authorization)
    expect(await query('mutation { addReview(body: "New") { id } }')).toEqual({ data: { addReview: { id: 'r3' } } })
    const client = createClient({ url: socketUrl, webSocketImpl: WebSocket, connectionParams: { authorization } })
    const events = client.iterate({ query: ADDED })
    const event = events.next()
    await expect.poll(() => graph.feed.watcherCount).toBe(1)
    graph.feed.publish({ id: 'a', body: 'Body', authorId: 'u1' })
    expect((await event).value).toEqual(ADDED_A)
    await client.dispose()
    const introspection = await query('{ __schema { queryType { name } } }')
    if (NODE_ENV === 'production') expect(introspection.errors?.[0]?.message).toContain('GraphQL introspection')
    else expect(introspection).toEqual({ data: { __schema: { queryType: { name: 'Query' } } } })
    expect(await statusOf(`${url}/graphql`, { accept: 'text/html' })).toBe(404)
    launcher.kill('SIGTERM')
    expect(await exitCode()).toBe(0)
  })
})

describe('a gateway whose limits are out of the way', () => {
  it('runs operations of any size', async () => {
    const { query } = await serve('rings.graphql', await documentedVariables())
    const deep = '{ node '.concat('{ right { left '.repeat(10), '{ id }', ' } }'.repeat(10), ' }')
    const { data, errors } = await query(deep)
    expect(errors).toBeUndefined()
    expect(JSON.stringify(data)).toContain('"left":{"id":"1"}')
    const wide = Array.from({ length: 500 }, (_, index) => `a${index}: node { id right { left { id } } }`)
    expect(Object.keys((await query(`{ ${wide.join(' ')} }`)).data ?? {})).toHaveLength(500)
  })
})

describe('a gateway that gets SIGHUP', () => {
  it('reads its supergraph again, and ends nothing', async () => {
    const { query, launcher, says, socketUrl } = await serve('toy.graphql', { NODE_ENV: 'production' })
    const client = await SocketClient.connect(socketUrl)
    client.subscribe('1', ADDED)
    await expect.poll(() => graph.feed.watcherCount).toBe(1)
    launcher.kill('SIGHUP')
    await says(/serving a new supergraph/)
    expect(await query('{ user(id: "u1") { name } }')).toEqual({ data: { user: { name: 'Name of u1' } } })
    graph.feed.publish({ id: 'a', body: 'Body', authorId: 'u1' })
    expect((await client.next()).payload).toEqual(ADDED_A)
    await client.close()
  })
})
