import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { REFUSAL_REASONS } from './protection/refusals.ts'
import { startTokenIssuer, type TokenIssuer } from './testing/access-tokens.ts'
import { EventReader } from './testing/event-reader.ts'
import { metricsOf } from './testing/gauges.ts'
import { SocketClient } from './testing/socket-client.ts'
import { post, startToyGateway, type ToyGateway } from './testing/start-toy-gateway.ts'

const ADDED = 'subscription { reviewAdded { id } }'
const NAME = '{ user(id: "u1") { name } }'

let toy: ToyGateway
let issuer: TokenIssuer | undefined
const departures: (() => void)[] = []

async function start(environment: NodeJS.ProcessEnv = {}) {
  toy = await startToyGateway(environment)
}

afterEach(async () => {
  for (const leave of departures.splice(0)) leave()
  await toy[Symbol.asyncDispose]()
  await issuer?.[Symbol.asyncDispose]()
  issuer = undefined
})

async function socket(options?: { headers: Record<string, string> }): Promise<SocketClient> {
  const client = await SocketClient.open(toy.socketUrl, options)
  departures.push(() => client.socket.terminate())
  client.send({ type: 'connection_init' })
  return client
}

/** How often something was refused, by the reason; what never was is left out. */
async function refusals(): Promise<Record<string, number>> {
  const metrics = await metricsOf(toy.url)
  const found = REFUSAL_REASONS.map((reason) => [
    reason,
    metrics.get(`parley_gateway_refusals_total{reason="${reason}"}`),
  ])
  expect(found.filter(([, count]) => count === undefined)).toEqual([])
  return Object.fromEntries(found.filter(([, count]) => count !== 0))
}

const many = (count: number, text: (index: number) => string) =>
  Array.from({ length: count }, (_, at) => text(at)).join(' ')
const nested = (levels: number): object => (levels === 0 ? {} : { below: nested(levels - 1) })

describe('what the gateway refuses is counted with its reason', () => {
  it.each([
    ['tokens', `{ ${many(700, () => 'reviews { id }')} }`, {}],
    [
      'selections',
      `{ ...A0 } ${many(14, (at) => `fragment A${at} on Query { ...A${at + 1} ...A${at + 1} }`)} fragment A14 on Query { reviews { id } }`,
      {},
    ],
    ['depth', '{ __typename reviews { author { reviews: id } } }', {}],
    ['aliases', '{ a: reviews { b: id } }', {}],
    ['root_fields', '{ reviews { id } secret fails }', {}],
    ['lists', '{ user(id: "u1") { name } }', { list: Array.from({ length: 101 }) }],
    ['input', '{ user(id: "u1") { name } }', nested(101)],
    ['cost', '{ reviews { id } user(id: "u1") { id } }', {}],
  ])('%s', async (reason, query, variables) => {
    await start({ LIMIT_DEPTH: '2', LIMIT_ALIASES: '1', LIMIT_ROOT_FIELDS: '2', LIMIT_COST: '1' })
    expect((await toy.query(query, { variables })).body.errors?.[0]?.extensions.code).toBe('OPERATION_TOO_EXPENSIVE')
    expect(await refusals()).toEqual({ [reason]: 1 })
    const client = await socket()
    await client.next()
    client.subscribe('1', query, variables)
    expect((await client.next()).type).toBe('error')
    expect(await refusals()).toEqual({ [reason]: 2 })
  })

  it('body', async () => {
    await start({ LIMIT_BODY_BYTES: '1000' })
    expect((await toy.query(`{ ${' '.repeat(1_000)} }`)).status).toBe(413)
    expect(await refusals()).toEqual({ body: 1 })
  })

  it('operation_time, once for an operation', async () => {
    await start({ LIMIT_OPERATION_MS: '100' })
    toy.graph.users.intercept = () => true
    await toy.query('{ a: user(id: "u1") { name } b: user(id: "u2") { name } reviews { author { name } } }')
    expect(await refusals()).toEqual({ operation_time: 1 })
  })

  it('mutation_rate, as a rate limit too', async () => {
    issuer = await startTokenIssuer()
    await start({ ...issuer.environment, RATE_LIMIT_MUTATIONS: '1' })
    const headers = { authorization: `Bearer ${issuer.token({ issuedAt: new Date(), expiresInSeconds: 600 })}` }
    const fields = many(11, (at) => `a${at}: addReview(body: "x") { id }`)
    await toy.query(`mutation { ${fields} }`, { headers })
    expect(await refusals()).toEqual({ mutation_rate: 1 })
    expect((await metricsOf(toy.url)).get('parley_rate_limit_refusals_total{limit="mutations"}')).toBe(1)
  })

  it('subscriptions', async () => {
    await start({ LIMIT_SUBSCRIPTIONS_PER_SOCKET: '1' })
    const client = await socket()
    await client.next()
    client.subscribe('1', ADDED)
    client.subscribe('2', ADDED)
    expect((await client.next()).type).toBe('error')
    expect(await refusals()).toEqual({ subscriptions: 1 })
  })

  it('sockets_per_user, on sockets and as streams', async () => {
    await start({ LIMIT_SOCKETS_PER_USER: '1' })
    await (await socket()).next()
    expect((await (await socket()).whenClosed()).code).toBe(1013)
    expect((await EventReader.open(toy.url, ADDED)).response.status).toBe(429)
    expect(await refusals()).toEqual({ sockets_per_user: 2 })
  })

  it('sockets', async () => {
    await start({ LIMIT_SOCKETS: '1' })
    await (await socket()).next()
    expect((await EventReader.open(toy.url, ADDED)).response.status).toBe(503)
    expect(await refusals()).toEqual({ sockets: 1 })
  })

  it('connection_rate', async () => {
    await start({ LIMIT_SOCKETS_PER_SECOND: '1' })
    const open = async () => {
      const reader = await EventReader.open(toy.url, NAME)
      reader.leave()
      return reader.response.status
    }
    await expect.poll(async () => (await Promise.all(Array.from({ length: 12 }, open))).includes(429)).toBe(true)
    expect(Object.keys(await refusals())).toEqual(['connection_rate'])
  })

  it('csrf, whichever transport a page of another origin tries', async () => {
    await start()
    const headers = { origin: 'https://evil.example' }
    await fetch(`${toy.url}?${new URLSearchParams({ query: NAME })}`)
    expect(await refusals()).toEqual({ csrf: 1 })
    expect((await EventReader.open(toy.url, ADDED, headers)).response.status).toBe(403)
    await expect(socket({ headers })).rejects.toThrow('403')
    expect(await refusals()).toEqual({ csrf: 3 })
  })

  it('trusted_documents', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'parley-manifest-'))
    const manifest = join(folder, 'manifest.json')
    await writeFile(manifest, JSON.stringify({ [createHash('sha256').update(ADDED).digest('hex')]: ADDED }))
    await start({ TRUSTED_DOCUMENTS: manifest })
    await rm(folder, { recursive: true })
    const { body } = await post(toy.url, JSON.stringify({ query: NAME }))
    expect(body.errors?.[0]?.extensions.code).toBe('DOCUMENT_NOT_TRUSTED')
    expect(await refusals()).toEqual({ trusted_documents: 1 })
  })
})
