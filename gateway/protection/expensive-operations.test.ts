import { getIntrospectionQuery } from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SocketClient } from '../testing/socket-client.ts'
import { post, startToyGateway, type ToyGateway } from '../testing/start-toy-gateway.ts'

const TOO_EXPENSIVE = { extensions: { code: 'OPERATION_TOO_EXPENSIVE', requestId: expect.any(String) } }
const HARMLESS = '{ review(id: "r1") { id } }'
const ANSWER = { data: { review: { id: 'r1' } } }

let toy: ToyGateway
let client: SocketClient

beforeAll(async () => {
  toy = await startToyGateway()
  client = await SocketClient.connect(toy.socketUrl)
})

afterAll(async () => {
  await client.close()
  await toy[Symbol.asyncDispose]()
})

const times = <Value>(count: number, make: (index: number) => Value) => Array.from({ length: count }, (_, i) => make(i))

const doublings = times(28, (index) => `fragment F${index} on Review { ...F${index + 1} ...F${index + 1} }`)

const triplings = times(12, (index) => {
  const spread = (alias: string) => `${alias}: author { ...F${index + 1} }`
  return `fragment F${index} on User { ${['a', 'b', 'c'].map(spread).join(' ')} }`
})

/** The frame of a socket holds 64 KB, so the list is shorter there. */
const attacks: [what: string, operation: (kind: string, elements: number) => { query: string; variables?: object }][] =
  [
    [
      'fragments that expand to 2^28 selections',
      (kind) => ({
        query: `${kind} { ...Root } ${rootOf(kind, '...F0')} ${doublings.join(' ')} fragment F28 on Review { id }`,
      }),
    ],
    [
      'fragments that expand to 3^12 aliased fields',
      (kind) => ({
        query: `${kind} { ...Root } ${rootOf(kind, 'author { ...F0 }')} ${triplings.join(' ')} fragment F12 on User { id }`,
      }),
    ],
    [
      '500 aliases',
      (kind) => ({ query: `${kind} { ...Root } ${rootOf(kind, times(500, (index) => `a${index}: id`).join(' '))}` }),
    ],
    [
      '1,000 aliases',
      (kind) => ({ query: `${kind} { ...Root } ${rootOf(kind, times(1_000, (index) => `a${index}: id`).join(' '))}` }),
    ],
    [
      'fields nested 600 deep',
      (kind) => ({ query: `${kind} { ...Root } ${rootOf(kind, `${'author { '.repeat(600)}id${' }'.repeat(600)}`)}` }),
    ],
    [
      'fields nested 10,000 deep',
      (kind) => ({
        query: `${kind} { ...Root } ${rootOf(kind, `${'a{'.repeat(10_000)}id${'}'.repeat(10_000)}`)}`,
      }),
    ],
    [
      'more root fields than there may be',
      (kind) => ({ query: `${kind} { ${times(16, (index) => `a${index}: __typename`).join(' ')} }` }),
    ],
    [
      'more tokens than there may be',
      (kind) => ({ query: `${kind} { ...Root } ${rootOf(kind, 'id '.repeat(2_000))}` }),
    ],
    [
      'a long list in its variables',
      (kind, elements) => ({
        query: `${kind} { ...Root } ${rootOf(kind, 'id')}`,
        variables: { ids: Array.from({ length: elements }, () => 0) },
      }),
    ],
    [
      'an object of many keys in its variables',
      (kind, elements) => ({
        query: `${kind} { ...Root } ${rootOf(kind, 'id')}`,
        variables: { input: Object.fromEntries(times(elements / 10, (index) => [`k${index}`, 0])) },
      }),
    ],
    [
      'a list of 101 elements written into it',
      (kind) => ({
        query:
          kind === 'query'
            ? `{ review(id: [${times(101, String)}]) { id } }`
            : `subscription { reviewAdded(product: [${times(101, String)}]) { id } }`,
      }),
    ],
  ]

function rootOf(kind: string, selections: string): string {
  return kind === 'query'
    ? `fragment Root on Query { review(id: "r1") { ${selections} } }`
    : `fragment Root on Subscription { reviewAdded { ${selections} } }`
}

/** Of milliseconds that a refusal, and the answer to the next operation, may take together. */
const SOON = { timeout: 5_000 }

describe('an operation with', () => {
  describe.each(attacks)('%s', (_what, attack) => {
    it('is refused over HTTP, and the next request is served', SOON, async () => {
      const { query, variables } = attack('query', 100_000)
      const { status, body } = await toy.query(query, { ...(variables && { variables }) })
      expect(status).toBe(400)
      expect(body.errors).toMatchObject([TOO_EXPENSIVE])
      expect((await toy.query(HARMLESS)).body).toEqual(ANSWER)
    })

    it.each(['query', 'subscription'])('is refused on a socket as a %s, and the next is served', SOON, async (kind) => {
      const { query, variables } = attack(kind, 20_000)
      client.subscribe('bad', query, variables)
      expect(await client.next()).toMatchObject({ type: 'error', id: 'bad', payload: [TOO_EXPENSIVE] })
      client.subscribe('good', HARMLESS)
      expect(await client.next()).toMatchObject({ type: 'next', id: 'good', payload: ANSWER })
      expect((await client.next()).type).toBe('complete')
    })
  })

  it('a long list in the variables of a GET is refused', async () => {
    const variables = JSON.stringify({ ids: times(101, String) })
    const address = `${toy.url}?${new URLSearchParams({ query: HARMLESS, variables })}`
    const answer = await fetch(address, { headers: { 'apollo-require-preflight': 'true' } })
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({ errors: [TOO_EXPENSIVE] })
  })
})

describe.each(['variables', 'extensions'])('%s that are nested too deep to be written as JSON', (name) => {
  const deep = `"${name}":{"v":${'['.repeat(20_000)}${']'.repeat(20_000)}}`
  const query = '"query":"{ review(id: \\"r1\\") { id } }"'

  it.each(['false', 'true'])('are refused over HTTP, with DEDUPLICATE_QUERIES=%s', async (DEDUPLICATE_QUERIES) => {
    const gateway = await startToyGateway({ DEDUPLICATE_QUERIES })
    const { status, body } = await post(gateway.url, `{${query},${deep}}`)
    const next = await gateway.query(HARMLESS)
    await gateway[Symbol.asyncDispose]()
    expect(status).toBe(400)
    expect(body.errors).toMatchObject([TOO_EXPENSIVE])
    expect(next.body).toEqual(ANSWER)
  })

  it('are refused on a socket, which stays open', SOON, async () => {
    client.socket.send(`{"type":"subscribe","id":"bad","payload":{${query},${deep}}}`)
    expect(await client.next()).toMatchObject({ type: 'error', id: 'bad', payload: [TOO_EXPENSIVE] })
    client.subscribe('good', HARMLESS)
    expect(await client.next()).toMatchObject({ type: 'next', id: 'good', payload: ANSWER })
    expect((await client.next()).type).toBe('complete')
  })
})

describe('the explorers', () => {
  it('get the schema they ask for', async () => {
    const { status, body } = await toy.query(
      getIntrospectionQuery({ inputValueDeprecation: true, schemaDescription: true }),
    )
    expect(status).toBe(200)
    expect(body.errors).toBeUndefined()
  })
})

describe('a limit', () => {
  it('is the one that is configured', async () => {
    const generous = await startToyGateway({ LIMIT_ALIASES: '1000', LIMIT_TOKENS: '10000', LIMIT_ROOT_FIELDS: '1000' })
    const query = `{ ${times(200, (index) => `a${index}: review(id: "r1") { id }`).join(' ')} }`
    const { status } = await generous.query(query)
    await generous[Symbol.asyncDispose]()
    expect(status).toBe(200)
  })
})
