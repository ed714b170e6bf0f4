import { getOperationAST, parse } from 'graphql'
import { beforeAll, expect, it } from 'vitest'
import type { LoadedSupergraph } from '../supergraph/supergraph.ts'
import { loadToySupergraph } from '../testing/toy-streams.ts'
import { ToySubgraph } from '../testing/toy-subgraph.ts'
import { planFor } from './current-plan.ts'
import { type NextGraph, type PlannedSubscription, SchemaChange, StreamGraph } from './schema-change.ts'
import type { SubscriptionRequest } from './subscription-request.ts'

let withOld: NextGraph
let withoutOld: NextGraph

beforeAll(async () => {
  const types = (more: string) => `
    type Query { unused: Int }
    type Subscription { mine: Note ${more} }
    type Note { id: ID! body: String secret: String }`
  withOld = graphOf(await loadToySupergraph([new ToySubgraph('notes', types('old: Note'), {})]))
  withoutOld = graphOf(await loadToySupergraph([new ToySubgraph('notes', types(''), {})]))
})

function graphOf(supergraph: LoadedSupergraph): NextGraph {
  return { supergraph, completion: { complete: async () => '' }, documents: { accept: (source) => parse(source) } }
}

function opened(graph: StreamGraph, source: string): PlannedSubscription {
  const document = parse(source)
  const operation = getOperationAST(document)
  if (!operation) throw new Error('There is no such operation.')
  const client = () => ({ viewer: null, address: '127.0.0.1' })
  const asked = { requestId: 'test', source, document, operation, variables: {}, client, unauthenticated: () => {} }
  const request: SubscriptionRequest = asked
  return { request, plan: planFor(graph, request) }
}

const asked = (it: PlannedSubscription['plan'] | undefined) => it?.primary.operation

it('a subscription is not taken for one that was ended by an earlier replacement and has not been read since', () => {
  const ended = opened(new StreamGraph(withOld), 'subscription { old { id secret } }')
  const first = new SchemaChange(withoutOld)
  expect(first.successorOf(ended)).toBeUndefined()
  const alive = opened(first.graph, 'subscription { mine { id body } }')
  for (const next of [withOld, withoutOld]) {
    const change = new SchemaChange(next)
    change.successorOf(ended)
    expect(change.knows(alive)).toBe(false)
    expect(asked(change.successorOf(alive))).toBe(asked(alive.plan))
  }
})
