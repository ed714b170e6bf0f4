import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LogLines } from '../testing/log-lines.ts'
import { SocketClient } from '../testing/socket-client.ts'
import { startToyGateway, type ToyGateway } from '../testing/start-toy-gateway.ts'

const MASKED = 'Something went wrong on our side; quote the requestId when you report it.'

const log = new LogLines()
let toy: ToyGateway

beforeAll(async () => {
  toy = await startToyGateway({}, { logger: log.logger })
})

afterAll(async () => {
  await toy[Symbol.asyncDispose]()
  expect([...log.messages('warn'), ...log.messages('error')]).toEqual([])
})

async function fail(code?: string) {
  const { status, body } = await toy.query('query($code: String) { fails(code: $code) }', { variables: { code } })
  expect(status).toBe(200)
  expect(body.data).toEqual({ fails: null })
  return body.errors
}

const error = (code: string, message: string) => [
  { message, path: ['fails'], extensions: { code, requestId: expect.any(String) } },
]

describe('an error of a subgraph', () => {
  it.each(['OUT_OF_STOCK', 'FORBIDDEN', 'E2', 'X'.repeat(64)])('keeps its words and its code %s', async (code) => {
    expect(await fail(code)).toEqual(error(code, 'What the subgraph says.'))
  })

  it.each([
    'INTERNAL_SERVER_ERROR',
    'DOWNSTREAM_SERVICE_ERROR',
    'ER_DUP_ENTRY: users.email',
    '23505',
    'lowercase',
    '',
    'X'.repeat(65),
  ])('is masked when its code is %j', async (code) => {
    expect(await fail(code)).toEqual(error('INTERNAL_SERVER_ERROR', MASKED))
  })

  it('is masked when it has no code, because its words may be those of a driver', async () => {
    expect(await fail()).toEqual(error('INTERNAL_SERVER_ERROR', MASKED))
  })

  it('is the request’s fault when the subgraph says so in the words of Apollo Server', async () => {
    expect(await fail('GRAPHQL_VALIDATION_FAILED')).toEqual(error('BAD_USER_INPUT', 'What the subgraph says.'))
  })

  it('is told the same way on a socket, where a subscription begins too', async () => {
    const client = await SocketClient.connect(toy.socketUrl)
    client.subscribe('1', '{ fails(code: "OUT_OF_STOCK") }')
    expect((await client.next()).payload?.errors).toEqual(error('OUT_OF_STOCK', 'What the subgraph says.'))
    expect((await client.next()).type).toBe('complete')
    client.subscribe('2', 'subscription { soldOut { id } }')
    expect((await client.next()).payload?.errors).toMatchObject([
      { message: 'No more of it.', path: ['soldOut'], extensions: { code: 'OUT_OF_STOCK' } },
    ])
    expect((await client.next()).type).toBe('complete')
    client.subscribe('3', 'subscription { brokenOff { id } }')
    expect((await client.next()).payload?.errors).toMatchObject([
      { message: MASKED, extensions: { code: 'INTERNAL_SERVER_ERROR' } },
    ])
    await client.close()
  })
})
