import { buildSubgraphSchema } from '@apollo/subgraph'
import { parse } from 'graphql'
import type { SubscribePayload } from 'graphql-ws'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { newUuid } from '../ids.ts'
import type { Caller } from './caller.ts'
import type { RunningServer } from './server.ts'
import { type Frame, GatewayEnd } from './testing/gateway-end.ts'
import { PushedSource } from './testing/pushed-source.ts'
import { startTestSubgraph } from './testing/test-subgraph.ts'
import { TestTokens, type TestViewer } from './testing/test-tokens.ts'

interface Note {
  text: string
}

let tokens: TestTokens
let sources: PushedSource<Note>[]
/** Which fields were resolved, and for whom. */
let resolved: string[]
/** Whose resolving of `broken` fails. */
let broken: Set<string>
let hold: Promise<void>
let server: RunningServer
let gateway: GatewayEnd

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  ;[tokens, sources, resolved, broken, hold] = [new TestTokens(), [], [], new Set(), Promise.resolve()]
  server = await startTestSubgraph({ schema, tokens })
  gateway = await GatewayEnd.connect(server.url)
})

afterEach(async () => {
  gateway.socket.terminate()
  await server[Symbol.asyncDispose]()
  vi.useRealTimers()
})

const nameOf = ({ caller }: { caller: Caller }) => caller.viewer?.userId ?? 'nobody'

const schema = buildSubgraphSchema([
  {
    typeDefs: parse(`
      directive @viewerIndependent on FIELD_DEFINITION | OBJECT
      type Query { unused: Int }
      type Note {
        text(limit: Int): String @viewerIndependent
        broken: String @viewerIndependent
        viewer: String
      }
      type Subscription { noted(room: String): Note }
    `),
    resolvers: {
      Note: {
        text: async (note: Note, { limit }: { limit?: number }, context: { caller: Caller }) => {
          resolved.push(`text for ${nameOf(context)}`)
          await hold
          return note.text.slice(0, limit)
        },
        broken: (_note: Note, _args: unknown, context: { caller: Caller }) => {
          resolved.push(`broken for ${nameOf(context)}`)
          if (broken.has(nameOf(context))) throw new Error('No.')
          return 'whole'
        },
        viewer: (_note: Note, _args: unknown, context: { caller: Caller }) => nameOf(context),
      },
      Subscription: {
        noted: {
          subscribe: () => {
            const source = new PushedSource<Note>()
            sources.push(source)
            return source
          },
          resolve: (note: Note) => note,
        },
      } as never,
    },
  },
])

const TEXT = 'subscription { noted { text } }'

const someone = (): TestViewer => ({ userId: newUuid(), sessionId: newUuid() })

/** Opens a stream for each of these viewers; the ids are their places in the list. */
async function follow(viewers: readonly TestViewer[], query = TEXT, variables: Record<string, unknown>[] = []) {
  for (const [index, viewer] of viewers.entries()) {
    const extensions = { authorization: tokens.bearer({ viewer }) }
    await open({ query, variables: variables[index] ?? {}, extensions })
  }
}

/** Opens a stream under the next number, and waits until it asks for an event. */
async function open(payload: SubscribePayload): Promise<void> {
  const index = sources.length
  gateway.subscribe(String(index), payload)
  await expect.poll(() => sources[index]?.pulls, { interval: 1 }).toBe(1)
}

/** Gives all streams this very event, and takes what each says, in the order of their ids. */
async function tell(event: Note, to = sources): Promise<Frame['payload'][]> {
  for (const source of to) source.push(event)
  const frames = await gateway.take(to.length)
  return frames.sort((one, other) => Number(one.id) - Number(other.id)).map(({ payload }) => payload)
}

describe('an event that many viewers get', () => {
  it('is executed once when nothing of the selection depends on the viewer', async () => {
    await follow(Array.from({ length: 50 }, someone))
    expect(await tell({ text: 'Hello' })).toEqual(Array(50).fill({ data: { noted: { text: 'Hello' } } }))
    expect(resolved).toHaveLength(1)
    await tell({ text: 'Hello' })
    expect(resolved).toHaveLength(2)
  })

  it('is executed for each when something does', async () => {
    const viewers = [someone(), someone(), someone()]
    await follow(viewers, 'subscription { noted { text viewer } }')
    const said = await tell({ text: 'Hello' })
    expect(said).toEqual(viewers.map(({ userId }) => ({ data: { noted: { text: 'Hello', viewer: userId } } })))
    expect(resolved).toHaveLength(3)
  })

  it('is executed for each that asks in other words', async () => {
    await follow([someone()])
    await follow([someone()], 'subscription { noted { aliased: text } }')
    expect(await tell({ text: 'Hello' })).toEqual([
      { data: { noted: { text: 'Hello' } } },
      { data: { noted: { aliased: 'Hello' } } },
    ])
  })

  it('is executed for each operation of a document', async () => {
    const query = 'subscription One { noted { text } } subscription Other { noted { other: text } }'
    for (const operationName of ['One', 'Other']) await open({ query, operationName })
    expect(await tell({ text: 'Hello' })).toEqual([
      { data: { noted: { text: 'Hello' } } },
      { data: { noted: { other: 'Hello' } } },
    ])
  })

  it('is executed for each value of a variable below the root field, whatever the others are', async () => {
    const viewers = Array.from({ length: 4 }, someone)
    await follow(viewers, 'subscription ($room: String, $limit: Int) { noted(room: $room) { text(limit: $limit) } }', [
      { room: 'one', limit: 2 },
      { room: 'other', limit: 2 },
      { room: 'one', limit: 4 },
      { room: 'one' },
    ])
    const said = await tell({ text: 'Hello' })
    expect(said.map((payload) => payload?.data)).toEqual(
      ['He', 'He', 'Hell', 'Hello'].map((text) => ({ noted: { text } })),
    )
    expect(resolved).toHaveLength(3)
  })

  it('is executed once although all ask while that is being done', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    hold = promise
    await follow(Array.from({ length: 3 }, someone))
    const said = tell({ text: 'Hello' })
    await expect.poll(() => resolved.length).toBe(1)
    await expect.poll(() => sources.map(({ pulls }) => pulls)).toEqual([1, 1, 1])
    resolve()
    expect(await said).toEqual(Array(3).fill({ data: { noted: { text: 'Hello' } } }))
    expect(resolved).toHaveLength(1)
  })

  it('is executed for each when the first gets an error, which is for them alone', async () => {
    const [ada, grace, edsger] = [someone(), someone(), someone()]
    broken.add(ada.userId)
    await follow([ada, grace, edsger], 'subscription { noted { broken } }')
    const said = await tell({ text: 'Hello' })
    expect(said[0]).toMatchObject({ data: { noted: { broken: null } }, errors: [{ path: ['noted', 'broken'] }] })
    expect(said.slice(1)).toEqual(Array(2).fill({ data: { noted: { broken: 'whole' } } }))
    expect(resolved).toEqual([ada, grace, edsger].map(({ userId }) => `broken for ${userId}`))
  })

  it('is executed anew for who comes a second later, because much may have changed by then', async () => {
    await follow([someone(), someone(), someone()])
    const [first, second, third] = sources.map((source) => [source])
    const event = { text: 'Before' }
    expect(await tell(event, first)).toEqual([{ data: { noted: { text: 'Before' } } }])
    event.text = 'After'
    vi.advanceTimersByTime(999)
    expect(await tell(event, second)).toEqual([{ data: { noted: { text: 'Before' } } }])
    vi.advanceTimersByTime(1)
    expect(await tell(event, third)).toEqual([{ data: { noted: { text: 'After' } } }])
  })

  it('is not told to who was signed out meanwhile, although the text is there', async () => {
    const [ada, grace] = [someone(), someone()]
    await follow([ada, grace])
    const [first, second] = sources.map((source) => [source])
    const event = { text: 'Hello' }
    await tell(event, first)
    tokens.revoked.add(grace.sessionId)
    expect(await tell(event, second)).toMatchObject([{ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] }])
    expect((await gateway.next()).type).toBe('complete')
  })

  it('is executed alone for who may not read any more, asked when the text is there', async () => {
    const viewers = [someone(), someone(), someone(), someone()]
    const [ada, grace, , edsger] = viewers
    await follow(viewers)
    const { promise, resolve } = Promise.withResolvers<void>()
    hold = promise
    const rights = [undefined, async () => false, async () => true, () => Promise.reject(new Error('Nobody knows.'))]
    const asked: number[] = []
    for (const [index, mayStill] of rights.entries()) {
      const source = sources[index]
      if (source && mayStill) {
        source.mayStill = () => {
          asked.push(index)
          return mayStill()
        }
      }
    }
    const said = tell({ text: 'Hello' })
    await expect.poll(() => resolved.length).toBe(1)
    expect(asked).toEqual([])
    resolve()
    expect(await said).toEqual(Array(4).fill({ data: { noted: { text: 'Hello' } } }))
    expect(asked).toEqual([1, 2, 3])
    expect(resolved).toEqual([ada, grace, edsger].map((viewer) => `text for ${viewer?.userId}`))
  })

  it('is an error for each when it takes too many characters, and the next one is told', async () => {
    await follow([someone(), someone()])
    const tooLarge = await tell({ text: 'x'.repeat(4_000_000) })
    const message = 'The event takes more than 4,000,000 characters; select less of each event.'
    const extensions = { code: 'OPERATION_TOO_EXPENSIVE', requestId: expect.any(String) }
    expect(tooLarge).toEqual(Array(2).fill({ data: null, errors: [{ message, extensions }] }))
    expect(resolved).toHaveLength(2)
    expect(new Set(tooLarge.map((payload) => JSON.stringify(payload))).size).toBe(2)
    expect(await tell({ text: 'Hello' })).toEqual(Array(2).fill({ data: { noted: { text: 'Hello' } } }))
  })

  it('is told to the others when the first to get it is not signed in any more', async () => {
    const [ada, grace] = [someone(), someone()]
    await follow([ada, grace])
    tokens.revoked.add(ada.sessionId)
    expect(await tell({ text: 'Hello' })).toMatchObject([
      { errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] },
      { data: { noted: { text: 'Hello' } } },
    ])
    expect(resolved).toEqual([`text for ${grace.userId}`])
    expect(await gateway.next()).toEqual({ id: '0', type: 'complete' })
  })
})
