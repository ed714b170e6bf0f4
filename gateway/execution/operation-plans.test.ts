import { parse } from 'graphql'
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { BadUserInputError } from '../../platform/errors.ts'
import { LimitExceededError } from '../protection/limit-exceeded-error.ts'
import type { LoadedSupergraph } from '../supergraph/supergraph.ts'
import { loadToySupergraph } from '../testing/toy-streams.ts'
import { ToySubgraph } from '../testing/toy-subgraph.ts'
import { CompiledOperation } from './compiled-operation.ts'
import { compileOperation, OperationPlans } from './operation-plans.ts'
import { entities, type Script, ScriptedSource } from './plan/testing/scripted-source.ts'

const NOTES = `
  type Query { note: Note! notes: [Note!] }
  type Mutation { write(body: String): Note }
  type Subscription { written: Note }
  type Note { id: ID! body: String author: Person }
  type Person @key(fields: "id", resolvable: false) { id: ID! }
`
const PEOPLE = 'type Query { me: Person } type Person @key(fields: "id") { id: ID! name: String! }'
const PERSON = { __typename: 'Person', id: 'p1' }
const CONTEXT = {
  requestId: 'test',
  viewer: null,
  forwarded: {},
  signal: new AbortController().signal,
}

let supergraph: LoadedSupergraph
let notes: ScriptedSource
let people: ScriptedSource

beforeAll(async () => {
  supergraph = await loadToySupergraph([new ToySubgraph('notes', NOTES, {}), new ToySubgraph('people', PEOPLE, {})])
})

beforeEach(() => {
  respond(() => ({ data: {} }))
})

function respond(script: Script) {
  notes = new ScriptedSource('notes', script)
  people = new ScriptedSource(
    'people',
    entities(({ id }) => ({ __typename: 'Person', name: `Name of ${id}` })),
  )
}

function compile(source: string) {
  return compileOperation(supergraph, parse(source), undefined)
}

function run(operation: CompiledOperation, variables: Record<string, unknown> = {}) {
  const sources = new Map([notes, people].map((source) => [source.name, source]))
  return operation.run({ variables, sources, context: CONTEXT })
}

describe('plans of operations', () => {
  it('are made once for each operation of a document, however often they are asked for', () => {
    const plan = vi.spyOn(supergraph.planner, 'buildQueryPlan')
    const plans = new OperationPlans(supergraph)
    const document = parse('query A { note { id } } query B { notes { id } }')
    const asked = Array.from({ length: 50 }, (_, index) => plans.of('hash', document, index % 2 ? 'A' : 'B'))
    expect(new Set(asked).size).toBe(2)
    expect(plan).toHaveBeenCalledTimes(2)
    expect(plans.of('other hash', document, 'A')).not.toBe(asked[1])
    plan.mockRestore()
  })

  it('that take too long to make are not tried again for a minute, and then anew', () => {
    const plan = vi.spyOn(supergraph.planner, 'buildQueryPlan').mockImplementation(() => {
      throw new LimitExceededError('planning', 'Too many ways.')
    })
    let now = 0
    const plans = new OperationPlans(supergraph, { now: () => now })
    const ask = (hash: string) => () => plans.of(hash, parse('{ note { id } }'), undefined)
    for (let round = 0; round < 3; round += 1) expect(ask('hash')).toThrow('Too many ways.')
    expect(plan).toHaveBeenCalledTimes(1)
    expect(ask('other hash')).toThrow('Too many ways.')
    expect(plan).toHaveBeenCalledTimes(2)
    now = 60_000
    plan.mockRestore()
    expect(ask('hash')()).toBeInstanceOf(CompiledOperation)
  })

  it('that the planner fails to make are an error that says nothing of it to clients', () => {
    const failing = vi.spyOn(supergraph.planner, 'buildQueryPlan').mockImplementation(() => {
      throw new Error('Inner workings.')
    })
    const compiling = () => compile('{ note { id } }')
    expect(compiling).toThrow('The operation cannot be planned.')
    expect(compiling).not.toThrow(BadUserInputError)
    failing.mockRestore()
  })

  it('that are empty although the operation asks for data are an error', async () => {
    const { operation, fragments } = compile('query($on: Boolean = true) { note @include(if: $on) { id } }')
    const empty = new CompiledOperation(supergraph, { operation, fragments }, { kind: 'QueryPlan' })
    expect(await run(empty)).toEqual({ data: null, errors: [new Error('The plan of the operation is empty.')] })
    expect(await run(empty, { on: false })).toEqual({ data: {} })
  })

  it('may be empty when no subgraph is needed', async () => {
    expect(await run(compile('{ __typename __type(name: "Note") { name } note @skip(if: true) { id } }'))).toEqual({
      data: { __typename: 'Query', __type: { name: 'Note' } },
    })
    expect([...notes.requests, ...people.requests]).toEqual([])
  })
})

describe('an operation', () => {
  it('gets of several subgraphs what it selects, and nothing that was fetched for keys alone', async () => {
    respond(() => ({ data: { note: { body: 'A note', author: PERSON } } }))
    expect(JSON.stringify(await run(compile('{ note { text: body author { name } } }')))).toBe(
      '{"data":{"note":{"text":null,"author":{"name":"Name of p1"}}}}',
    )
  })

  it('fetches nothing when a default lets one of its conditions be null', async () => {
    const mutation = compile('mutation($on: Boolean = true) { write { id body @include(if: $on) } }')
    const { errors, ...rest } = await run(mutation, { on: null })
    expect(errors).toEqual([expect.any(BadUserInputError)])
    expect(rest).toEqual({})
    expect(notes.requests).toEqual([])
  })

  it('says under valueCompletion what had to be null, unless there are errors', async () => {
    respond(() => ({ data: { notes: [{ id: null }] } }))
    const query = compile('{ notes { id } }')
    const fault = { path: ['notes', 0, 'id'], message: 'Cannot return null for non-nullable field Note.id.' }
    expect(await run(query)).toMatchObject({ data: { notes: null }, extensions: { valueCompletion: [fault] } })
    const error = new Error('Away.')
    respond(() => Promise.reject(error))
    expect(await run(query)).toEqual({ data: { notes: null }, errors: [expect.objectContaining({ message: 'Away.' })] })
  })

  it('fails as a whole when a subgraph answers what its schema rules out', async () => {
    respond(() => ({ data: { notes: 'many' } }))
    expect(await run(compile('{ notes { id } }'))).toEqual({
      data: null,
      errors: [new Error('Invalid non-list value at notes returned by subgraph for list type [Note!]')],
    })
  })

  it('completes an event that others complete too, and leaves it as it was', async () => {
    const subscription = compile('subscription { written { body author { name } } }')
    const event = deepFreeze({ data: { written: { body: 'New', author: PERSON } } })
    const sources = new Map([notes, people].map((source) => [source.name, source]))
    const runs = [1, 2, 3].map(() => subscription.run({ variables: {}, sources, context: CONTEXT, event }))
    const result = { data: { written: { body: 'New', author: { name: 'Name of p1' } } } }
    expect(await Promise.all(runs)).toEqual([result, result, result])
    expect([notes.requests.length, people.requests.length]).toEqual([0, 3])
  })
})

function deepFreeze<Value extends object>(value: Value): Value {
  for (const part of Object.values(value)) if (typeof part === 'object' && part !== null) deepFreeze(part)
  return Object.freeze(value)
}
