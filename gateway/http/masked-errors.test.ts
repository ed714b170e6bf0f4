import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LogLines } from '../testing/log-lines.ts'
import { SocketClient } from '../testing/socket-client.ts'
import { startToyGateway, type ToyGateway } from '../testing/start-toy-gateway.ts'

const QUERY = '{ reviews { id } }'
const MASKED = 'Something went wrong on our side; quote the requestId when you report it.'

const masked = (requestId: unknown) => [{ message: MASKED, extensions: { code: 'INTERNAL_SERVER_ERROR', requestId } }]

const log = new LogLines()
let toy: ToyGateway
let client: SocketClient

/** The subgraph answers what no plan can go on with: an object in the place of a list. */
beforeAll(async () => {
  toy = await startToyGateway({}, { logger: log.logger })
  client = await SocketClient.connect(toy.socketUrl)
  toy.graph.reviews.intercept = (response) => {
    response.setHeader('content-type', 'application/json').end('{"data":{"reviews":{"password":"secret"}}}')
    return true
  }
})

afterAll(async () => {
  await client.close()
  await toy[Symbol.asyncDispose]()
})

describe('what should not happen is masked, logged and given the id of its request', () => {
  it('over HTTP', async () => {
    const { body } = await toy.query(QUERY, { headers: { 'x-request-id': 'bug-1' } })
    expect(body.errors).toEqual(masked('bug-1'))
    expect(log.messages('error')).toEqual(['unexpected error'])
  })

  it('on a socket', async () => {
    client.subscribe('one', QUERY)
    const { payload } = await client.next()
    expect(payload?.errors).toEqual(masked(expect.stringMatching(/^[\da-f-]{36}$/)))
    expect(JSON.stringify(payload)).not.toContain('secret')
    expect((await client.next()).type).toBe('complete')
  })

  it('by server-sent events', async () => {
    const headers = { 'content-type': 'application/json', accept: 'text/event-stream', 'x-request-id': 'bug-2' }
    const answer = await fetch(toy.url, { method: 'POST', headers, body: JSON.stringify({ query: QUERY }) })
    const events = await answer.text()
    expect(events).toContain(MASKED)
    expect(events).toContain('"requestId":"bug-2"')
    expect(events).not.toContain('secret')
  })

  it('and what is wrong with a request is told under its id as well', async () => {
    const ask = (path: string, options?: RequestInit) => fetch(new URL(path, toy.url), options)
    const json = { 'content-type': 'application/json', 'x-request-id': 'wrong-1' }
    const answers = [
      await ask('/nowhere', { headers: { 'x-request-id': 'wrong-1' } }),
      await ask('/graphql', { method: 'PUT', headers: json, body: '{}' }),
      await ask('/graphql', { method: 'POST', headers: json, body: '{' }),
      await ask('/graphql', { method: 'POST', headers: { ...json, 'content-type': 'application/xml' }, body: '<a/>' }),
      await ask('/graphql', { method: 'POST', headers: json, body: '[]' }),
    ]
    for (const answer of answers) {
      expect(answer.headers.get('x-request-id')).toBe('wrong-1')
      expect(await answer.json()).toMatchObject({ errors: [{ extensions: { requestId: 'wrong-1' } }] })
    }
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 400, 415, 400])
  })
})
