import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { GatewayOverrides } from '../gateway.ts'
import { DEFER_2022, MultipartClient } from '../testing/multipart-client.ts'
import { SocketClient } from '../testing/socket-client.ts'
import { startToyGateway, type ToyGateway } from '../testing/start-toy-gateway.ts'

const QUERY = '{ review(id: "r1") { id ... @defer { author { handle } } } }'
const FIRST = { data: { review: { id: 'r1' } }, hasNext: true }
const LAST = { incremental: [{ data: { author: { handle: '@u1' } }, path: ['review'] }], hasNext: false }

let toy: ToyGateway

async function start(environment: NodeJS.ProcessEnv = {}, overrides: GatewayOverrides = {}): Promise<void> {
  toy = await startToyGateway({ NODE_ENV: 'development', ...environment }, overrides)
}

afterEach(() => toy[Symbol.asyncDispose]())

const defer = (query = QUERY, more = {}) => MultipartClient.open(DEFER_2022, toy.url, { query, ...more })

/** Has the users' subgraph answer when it is let, what asks for the field; tells when the gateway gives a call up. */
function hold(field = '') {
  const gate = Promise.withResolvers<false>()
  const asked = Promise.withResolvers<void>()
  const givenUp = Promise.withResolvers<void>()
  toy.graph.users.intercept = (response) => {
    if (!toy.graph.users.requests.at(-1)?.body.includes(field)) return false
    asked.resolve()
    response.once('close', () => {
      if (!response.writableFinished) givenUp.resolve()
    })
    return gate.promise
  }
  return { release: () => gate.resolve(false), asked: asked.promise, givenUp: givenUp.promise }
}

describe('an answer in pieces', () => {
  it('tells parts in the order in which they are ready', async () => {
    await start()
    const { release } = hold('{name}')
    const client = await defer(`{
      a: review(id: "r1") { ... @defer(label: "slow") { author { name } } }
      b: review(id: "r2") { ... @defer(label: "quick") { author { handle } } }
    }`)
    expect(await client.next()).toEqual({ data: { a: {}, b: {} }, hasNext: true })
    const quick = { data: { author: { handle: '@u2' } }, path: ['b'], label: 'quick' }
    expect(await client.next()).toEqual({ incremental: [quick], hasNext: true })
    release()
    const slow = { data: { author: { name: 'Name of u1' } }, path: ['a'], label: 'slow' }
    expect(await client.next()).toEqual({ incremental: [slow], hasNext: false })
    expect(await client.next()).toBeUndefined()
  })

  it('is given up in the subgraphs when the client leaves', async () => {
    await start()
    const { asked, givenUp } = hold()
    const client = await defer()
    expect(await client.next()).toEqual(FIRST)
    await asked
    client.leave()
    await givenUp
  })

  it('ends at the deadline of the operation, with what is wrong in the parts that are missing', async () => {
    await start({ LIMIT_OPERATION_MS: '400' })
    const { givenUp } = hold()
    const client = await defer()
    expect(await client.next()).toEqual(FIRST)
    await givenUp
    expect(await client.next()).toMatchObject({
      incremental: [
        { data: { author: { handle: null } }, errors: [{ extensions: { code: 'OPERATION_TOO_EXPENSIVE' } }] },
      ],
      hasNext: false,
    })
    expect(await client.next()).toBeUndefined()
  })

  it('is cut when its client takes nothing of it', async () => {
    await start({ SHUTDOWN_GRACE_MS: '60000' }, { patience: { stalledMs: 200 } })
    const size = 500_000
    toy.graph.reviewList = Array.from({ length: 24 }, (_, index) => ({
      id: `r${index}`,
      body: 'x'.repeat(size),
      authorId: 'u1',
    }))
    const socket = connect(Number(new URL(toy.url).port), '127.0.0.1').pause()
    socket.on('error', () => {})
    const content = JSON.stringify({ query: `{ reviews { id ${'... @defer { body } '.repeat(3)} } }` })
    const head = ['POST /graphql HTTP/1.1', 'host: localhost', `accept: ${DEFER_2022.accept}`]
    const more = ['content-type: application/json', `content-length: ${content.length}`]
    socket.write([...head, ...more, '', content].join('\r\n'))
    await expect.poll(() => toy.graph.reviews.requests.length).toBe(1)
    // It would wait for the answer as long as it may. What the kernel has taken can still be read, the rest never comes.
    await toy.gateway[Symbol.asyncDispose]()
    let received = 0
    socket.on('data', (data) => {
      received += data.length
    })
    await once(socket.resume(), 'close')
    expect(received).toBeLessThan(3 * 24 * size)
  })

  it('is for a document that is named by its hash, and for GET', async () => {
    await start()
    const url = new URL(toy.url)
    url.searchParams.set('query', QUERY)
    const response = await fetch(url, { headers: { accept: DEFER_2022.accept, 'apollo-require-preflight': '1' } })
    expect(response.headers.get('content-type')).toMatch(DEFER_2022.contentType)
    expect(await response.text()).toContain(JSON.stringify(LAST))
    const hash = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(QUERY))).toString('hex')
    const client = await defer('', { extensions: { persistedQuery: { version: 1, sha256Hash: hash } } })
    expect(await client.next()).toEqual(FIRST)
    expect(await client.next()).toEqual(LAST)
  })

  it('is not shared with those who ask for the same at the same time', async () => {
    await start({ DEDUPLICATE_QUERIES: 'true' })
    const { release } = hold()
    const clients = await Promise.all([defer(), defer()])
    for (const client of clients) expect(await client.next()).toEqual(FIRST)
    release()
    for (const client of clients) expect(await client.next()).toEqual(LAST)
  })

  it('comes to its end before the gateway stops', async () => {
    await start()
    const { release, asked } = hold()
    const client = await defer()
    expect(await client.next()).toEqual(FIRST)
    await asked
    const stopped = toy.gateway[Symbol.asyncDispose]()
    release()
    expect(await client.next()).toEqual(LAST)
    expect(await client.next()).toBeUndefined()
    await stopped
  })

  it('shows the query plan to who asks for it, with the first piece', async () => {
    await start()
    const headers = { 'apollo-query-plan-experimental': '1' }
    const client = await MultipartClient.open(DEFER_2022, toy.url, { query: QUERY }, headers)
    const { extensions } = (await client.next()) as { extensions: { __queryPlanExperimental: string } }
    expect(extensions.__queryPlanExperimental).toContain('Deferred(depends: [0], path: "review", label: "0")')
  })

  it('has at most thirty deferred fragments; with more, it comes in one piece', async () => {
    await start()
    const part = '... @defer { author { handle } }'
    const query = (count: number) => `{ review(id: "r1") { id ${part.repeat(count)} } }`
    const most = await defer(query(30))
    expect(await most.next()).toEqual(FIRST)
    const { body } = await toy.query(query(31), { headers: { accept: DEFER_2022.accept } })
    expect(body).toEqual({ data: { review: { id: 'r1', author: { handle: '@u1' } } } })
  })
})

describe('@defer in a subscription', () => {
  it('is refused, and the socket stays open', async () => {
    await start()
    const socket = await SocketClient.connect(toy.socketUrl)
    socket.subscribe('1', 'subscription { reviewAdded { id ... @defer { body } } }')
    expect(await socket.next()).toMatchObject({
      type: 'error',
      id: '1',
      payload: [{ message: expect.stringContaining('@defer'), extensions: { code: 'BAD_USER_INPUT' } }],
    })
    socket.subscribe('2', 'subscription($late: Boolean!) { reviewAdded { id ... @defer(if: $late) { body } } }', {
      late: true,
    })
    await expect.poll(() => toy.graph.feed.watcherCount).toBe(1)
    toy.graph.feed.publish({ id: 'r5', body: 'New.', authorId: 'u1' })
    expect(await socket.next()).toMatchObject({ payload: { data: { reviewAdded: { id: 'r5', body: 'New.' } } } })
    await socket.close()
  })
})

describe('the schema that clients see', () => {
  it('has @defer and no @stream', async () => {
    await start()
    const { body } = await toy.query('{ __schema { directives { name locations args { name } } } }')
    const { directives } = (body.data as { __schema: { directives: { name: string }[] } }).__schema
    expect(directives.find(({ name }) => name === 'defer')).toEqual({
      name: 'defer',
      locations: ['FRAGMENT_SPREAD', 'INLINE_FRAGMENT'],
      args: [{ name: 'label' }, { name: 'if' }],
    })
    expect(directives.map(({ name }) => name)).not.toContain('stream')
  })
})
