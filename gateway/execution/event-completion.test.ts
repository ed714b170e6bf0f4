import type { ServerResponse } from 'node:http'
import { parse } from 'graphql'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { SubscriptionPlanner } from '../subscriptions/subscription-planner.ts'
import { LogLines } from '../testing/log-lines.ts'
import { NotesGraph } from '../testing/notes-graph.ts'
import { EventCompletion } from './event-completion.ts'
import { EventExecutor, type EventResult } from './event-executor.ts'
import { HttpDataSource } from './http-data-source.ts'

const MARKED = 'subscription { noteAdded { id body author { name } } }'
const UNMARKED = 'subscription { noteAdded { id author { name secret } } }'
const COMPLETED = { data: { noteAdded: { id: 'n1', body: 'A note', author: { name: 'Name of p1' } } } }
const FORBIDDEN = { message: 'Not for you.', path: ['_entities', 0, 'name'], extensions: { code: 'FORBIDDEN' } }

/** Comes to what JSON cannot say, as a value of a subgraph that is nested too deep does. */
class UnwritableResults extends EventExecutor {
  override async run(): Promise<EventResult> {
    return { data: { noteAdded: 1n } }
  }
}

let graph: NotesGraph
let sources: HttpDataSource[]
let planner: SubscriptionPlanner
let completionWith: (options: { eventMs?: number; executor?: EventExecutor }) => EventCompletion
let unwritable: EventExecutor
let completion: EventCompletion
let time: number

beforeEach(async () => {
  time = 0
  graph = await new NotesGraph().start()
  const supergraph = await graph.load()
  const { logger } = new LogLines()
  sources = supergraph.subgraphs.map((it) => new HttpDataSource({ ...it, signer: undefined, logger }))
  const subgraphs = new Map(sources.map((source) => [source.name, source]))
  const executor = new EventExecutor({ subgraphs })
  unwritable = new UnwritableResults({ subgraphs })
  planner = new SubscriptionPlanner(supergraph)
  completionWith = (options) => new EventCompletion({ executor, eventMs: 10_000, logger, now: () => time, ...options })
  completion = completionWith({})
})

afterEach(async () => {
  await Promise.all(sources.map((source) => source.close()))
  await graph.stop()
})

function planOf(source: string) {
  return planner.plan(source, parse(source), undefined)
}

/** An event as it comes from the notes subgraph. */
function eventOf(payload: object = { data: { noteAdded: note() } }) {
  const text = JSON.stringify(payload)
  return { text, payload: JSON.parse(text), position: undefined }
}

function note() {
  return { __typename: 'Note', id: 'n1', body: 'A note', author: { __typename: 'Person', id: 'p1' } }
}

/** Somebody who has opened a subscription. */
function viewer(number: number, variables: Record<string, unknown> = {}) {
  const client = { authorization: `Bearer ${number}`, viewer: null, address: '127.0.0.1' }
  return { request: { client: () => client, requestId: `request-${number}`, variables }, left: new AbortController() }
}

function viewers(count: number) {
  return Array.from({ length: count }, (_, index) => viewer(index + 1))
}

/** Completes one event for everybody at once. */
function completeAll(source: string, people: ReturnType<typeof viewers>, event = eventOf(), by = completion) {
  const plan = planOf(source)
  return Promise.all(people.map(({ request, left }) => by.complete(plan, event, request, left.signal)))
}

function fetches(): number {
  return graph.people.requests.length
}

/** Has the people subgraph answer in its place; the answer's status is 200 where it has a body. */
function answer(respond: (response: ServerResponse, nth: number) => object | number | undefined): void {
  graph.people.intercept = (response) => {
    const said = respond(response, fetches())
    if (said === undefined) return false
    response.writeHead(typeof said === 'number' ? said : 200, { 'content-type': 'application/json' })
    response.end(typeof said === 'number' ? '' : JSON.stringify(said))
    return true
  }
}

const refuses = () => ({ data: { _entities: [{ name: null }] }, errors: [FORBIDDEN] })

function codesOf(texts: readonly string[]): unknown[] {
  return texts.map((text) => JSON.parse(text).errors?.[0].extensions.code)
}

function requestIdsOf(texts: readonly string[]): unknown[] {
  return texts.map((text) => JSON.parse(text).errors?.[0].extensions.requestId)
}

describe('an event whose fields are the same for everybody', () => {
  it('is completed once for fifty viewers, as the first of them, and each gets the same text', async () => {
    const texts = await completeAll(MARKED, viewers(50))
    expect(new Set(texts)).toEqual(new Set([JSON.stringify(COMPLETED)]))
    expect(graph.people.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer 1'])
  })

  it('is completed again only after a second, when what it was completed with may have changed', async () => {
    const event = eventOf()
    const [first] = await completeAll(MARKED, [viewer(1)], event)
    time += 999
    expect(await completeAll(MARKED, [viewer(2)], event)).toEqual([first])
    expect(fetches()).toBe(1)
    time += 1
    await completeAll(MARKED, viewers(5), event)
    expect(fetches()).toBe(2)
  })

  it('is not mistaken for another event, or for the same one of another operation', async () => {
    const event = eventOf()
    const [one] = await completeAll(MARKED, [viewer(1)], event)
    const [other] = await completeAll('subscription { noteAdded { author { called: name } } }', [viewer(1)], event)
    await completeAll(MARKED, [viewer(1)], eventOf())
    expect(fetches()).toBe(3)
    expect([one, other]).toEqual([
      JSON.stringify(COMPLETED),
      JSON.stringify({ data: { noteAdded: { author: { called: 'Name of p1' } } } }),
    ])
  })

  it('leaves what came from upstream as it was', async () => {
    const event = eventOf()
    await completeAll(MARKED, viewers(3), event)
    expect(JSON.stringify(event.payload)).toBe(event.text)
  })
})

describe('an event with a field that may differ by viewer', () => {
  it('is completed for each of fifty viewers under their own identity', async () => {
    const texts = await completeAll(UNMARKED, viewers(50))
    expect(new Set(texts).size).toBe(50)
    const asked = graph.people.requests.map(({ headers }) => headers.authorization)
    expect(new Set(asked)).toEqual(new Set(viewers(50).map(({ request }) => request.client().authorization)))
  })

  it('shows nobody what another viewer has got, also when their own fetch fails', async () => {
    const event = eventOf()
    const [first] = await completeAll(UNMARKED, [viewer(1)], event)
    expect(first).toContain('Secret 1')
    answer(() => 503)
    const [second] = await completeAll(UNMARKED, [viewer(2)], event)
    expect(JSON.parse(second ?? '').data).toEqual({ noteAdded: { id: 'n1', author: { name: null, secret: null } } })
  })
})

describe('an event that is complete as it comes', () => {
  it('is shaped as the client asked for it, and shows nothing else', async () => {
    const data = { added: { ...note(), parley__position: 7 } }
    const source = 'subscription { added: noteAdded { id ...Rest } } fragment Rest on Note { text: body }'
    Object.assign(data.added, { text: 'A note' })
    const texts = await completeAll(source, viewers(3), eventOf({ data }))
    expect(new Set(texts)).toEqual(new Set(['{"data":{"added":{"id":"n1","text":"A note"}}}']))
    expect(fetches()).toBe(0)
  })

  it('tells errors of its own to each under the id of their own request', async () => {
    const errors = [{ message: 'No body.', path: ['noteAdded', 'body'], extensions: { code: 'NOT_FOUND' } }]
    const event = eventOf({ data: { noteAdded: { id: 'n1', body: null } }, errors })
    const texts = await completeAll('subscription { noteAdded { id body } }', viewers(2), event)
    expect(texts.map((text) => JSON.parse(text))).toEqual(
      ['request-1', 'request-2'].map((requestId) => ({
        data: { noteAdded: { id: 'n1', body: null } },
        errors: [{ message: 'No body.', path: ['noteAdded', 'body'], extensions: { code: 'NOT_FOUND', requestId } }],
      })),
    )
  })

  it('is an error when it is no response of GraphQL', async () => {
    const texts = await completeAll('subscription { noteAdded { id } }', viewers(5), eventOf({ data: 5 }))
    expect(new Set(codesOf(texts))).toEqual(new Set(['SUBGRAPH_UNAVAILABLE']))
    expect(new Set(requestIdsOf(texts)).size).toBe(5)
  })
})

describe('variables', () => {
  const LOUD = `subscription ($after: Int, $loud: Boolean = true, $named: Boolean! = true) {
    noteAdded(after: $after) { ...Parts @include(if: $named) id }
  }
  fragment Parts on Note { author { name(loud: $loud) } }`

  async function namesFor(...given: Record<string, unknown>[]) {
    const people = given.map((variables, index) => viewer(index + 1, variables))
    const texts = await completeAll(LOUD, people)
    return texts.map((text) => JSON.parse(text).data.noteAdded.author?.name)
  }

  it('that decide what is fetched part the viewers, and those who agree share', async () => {
    const names = await namesFor({ loud: true }, { loud: false }, { loud: true }, { loud: false })
    expect(names).toEqual(['Name of p1!', 'Name of p1', 'Name of p1!', 'Name of p1'])
    expect(fetches()).toBe(2)
  })

  it('that are absent are not taken for null', async () => {
    expect(await namesFor({}, { loud: null })).toEqual(['Name of p1!', 'Name of p1'])
  })

  it('that leave a part out part the viewers', async () => {
    expect(await namesFor({ named: false }, { named: true })).toEqual([undefined, 'Name of p1!'])
  })

  it('of the root field alone do not: what they ask for shows in the event', async () => {
    expect(await namesFor({ after: 1 }, { after: 2 }, {})).toEqual(['Name of p1!', 'Name of p1!', 'Name of p1!'])
    expect(fetches()).toBe(1)
  })
})

describe('an error', () => {
  it('is for the viewer alone who ran into it; the next one executes for the others', async () => {
    answer((_response, nth) => (nth === 1 ? refuses() : undefined))
    const [first, ...others] = await completeAll(MARKED, viewers(50))
    expect(JSON.parse(first ?? '')).toMatchObject({
      data: { noteAdded: { author: { name: null } } },
      errors: [{ message: 'Not for you.', extensions: { code: 'FORBIDDEN', requestId: 'request-1' } }],
    })
    expect(new Set(others)).toEqual(new Set([JSON.stringify(COMPLETED)]))
    expect(graph.people.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer 1', 'Bearer 2'])
  })

  it('that three viewers run into has all others ask for themselves and at once', async () => {
    const all = Promise.withResolvers<boolean>()
    answer(refuses)
    const refuse = graph.people.intercept
    graph.people.intercept = async (response) => {
      if (fetches() === 20) all.resolve(true)
      if (fetches() > 3) await all.promise
      return refuse(response)
    }
    const people = viewers(20)
    const texts = await completeAll(MARKED, people)
    expect(new Set(codesOf(texts))).toEqual(new Set(['FORBIDDEN']))
    expect(requestIdsOf(texts)).toEqual(people.map(({ request }) => request.requestId))
    expect(fetches()).toBe(20)
  })

  it('that three viewers run into has nothing shared until somebody succeeds', async () => {
    const event = eventOf()
    answer(refuses)
    await completeAll(MARKED, viewers(3), event)
    answer(() => undefined)
    await completeAll(MARKED, viewers(2), event)
    expect(fetches()).toBe(5)
    await completeAll(MARKED, viewers(2), event)
    expect(fetches()).toBe(5)
  })

  it('is not kept for those who come later', async () => {
    const event = eventOf()
    answer((_response, nth) => (nth === 1 ? refuses() : undefined))
    await completeAll(MARKED, [viewer(1)], event)
    expect(await completeAll(MARKED, [viewer(2)], event)).toEqual([JSON.stringify(COMPLETED)])
  })
})

describe('a subgraph that is away', () => {
  it('is asked for three viewers, and what it comes to is told to everybody under the id of their own request', async () => {
    answer(() => 503)
    const people = viewers(200)
    const texts = await completeAll(MARKED, people)
    expect(fetches()).toBe(3)
    expect(new Set(codesOf(texts))).toEqual(new Set(['SUBGRAPH_UNAVAILABLE']))
    expect(requestIdsOf(texts)).toEqual(people.map(({ request }) => request.requestId))
    expect(JSON.parse(texts[99] ?? '').data).toEqual({
      noteAdded: { id: 'n1', body: 'A note', author: { name: null } },
    })
  })

  it('is asked again for a failure that only the first viewer had', async () => {
    answer((_response, nth) => (nth === 1 ? 503 : undefined))
    const [first, ...others] = await completeAll(MARKED, viewers(10))
    expect(codesOf([first ?? ''])).toEqual(['SUBGRAPH_UNAVAILABLE'])
    expect(new Set(others)).toEqual(new Set([JSON.stringify(COMPLETED)]))
    expect(fetches()).toBe(2)
  })

  it('keeps nobody longer than an event may take', async () => {
    graph.people.intercept = () => true
    const texts = completeAll(MARKED, viewers(20), eventOf(), completionWith({ eventMs: 200 }))
    time += 200
    expect(new Set(codesOf(await texts))).toEqual(new Set(['OPERATION_TOO_EXPENSIVE']))
    expect(new Set(requestIdsOf(await texts)).size).toBe(20)
    expect(fetches()).toBeLessThanOrEqual(1)
  })
})

describe('a result that cannot be written', () => {
  it('is an error for everybody who waits for it, and for whoever comes later', async () => {
    const by = completionWith({ executor: unwritable })
    const event = eventOf()
    for (const source of [MARKED, UNMARKED, MARKED]) {
      const texts = await completeAll(source, viewers(3), event, by)
      expect(codesOf(texts)).toEqual(Array(3).fill('INTERNAL_SERVER_ERROR'))
      expect(requestIdsOf(texts)).toEqual(['request-1', 'request-2', 'request-3'])
    }
  })
})

describe('a viewer who leaves', () => {
  it('takes nothing from those who wait for the same, also when theirs was the execution', async () => {
    const held = Promise.withResolvers<boolean>()
    graph.people.intercept = () => held.promise
    const people = viewers(4)
    const texts = completeAll(MARKED, people)
    await vi.waitFor(() => expect(fetches()).toBe(1))
    people[0]?.left.abort()
    people[1]?.left.abort()
    held.resolve(false)
    expect((await texts).slice(2)).toEqual([JSON.stringify(COMPLETED), JSON.stringify(COMPLETED)])
    expect(fetches()).toBe(1)
  })

  it('as the last one ends the execution', async () => {
    const dropped = Promise.withResolvers<void>()
    graph.people.intercept = (response) => {
      response.once('close', dropped.resolve)
      return true
    }
    const people = viewers(3)
    const texts = completeAll(MARKED, people)
    await vi.waitFor(() => expect(fetches()).toBe(1))
    for (const { left } of people) left.abort()
    await dropped.promise
    expect(await texts).toHaveLength(3)
    expect(fetches()).toBe(1)
  })

  it('as the last one does not fail somebody who comes just then', async () => {
    const [gone, late] = [viewer(1), viewer(2)]
    const event = eventOf()
    graph.people.intercept = () => fetches() === 1
    const first = completeAll(MARKED, [gone], event)
    await vi.waitFor(() => expect(fetches()).toBe(1))
    gone.left.abort()
    expect(await completeAll(MARKED, [late], event)).toEqual([JSON.stringify(COMPLETED)])
    expect(await first).toHaveLength(1)
  })
})
