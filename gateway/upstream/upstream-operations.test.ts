import { parse, validate } from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SubscriptionPlanner } from '../subscriptions/subscription-planner.ts'
import { ToyGraph } from '../testing/toy-graph.ts'
import { loadToySupergraph } from '../testing/toy-streams.ts'

let graph: ToyGraph
let planner: SubscriptionPlanner

beforeAll(async () => {
  graph = await new ToyGraph().start()
  planner = new SubscriptionPlanner(await loadToySupergraph([graph.reviews, graph.users]))
})

afterAll(() => graph.stop())

function upstreamOf(source: string, operationName?: string) {
  const { upstream } = planner.plan(source, parse(source), operationName)
  const { opening, resumption } = upstream
  for (const { query } of [opening, ...(resumption ? [resumption.operation] : [])]) {
    expect(validate(graph.reviews.schema, parse(query))).toEqual([])
  }
  return upstream
}

describe('what a subgraph is asked for', () => {
  it.each([
    [
      'a literal',
      'subscription { logged(after: 3, tag: "t") { body } }',
      'subscription{logged(after:3 tag:"t"){body parley__position:number}}',
      'subscription($parley__after:Int){logged(tag:"t" after:$parley__after){body parley__position:number}}',
      [],
    ],
    [
      'a variable, which is declared no more when nothing else uses it',
      'subscription W($a: Int!, $t: String) { logged(after: $a, tag: $t) { body } }',
      'subscription W__reviews__0($a:Int!$t:String){logged(after:$a tag:$t){body parley__position:number}}',
      'subscription W__reviews__0($t:String$parley__after:Int){logged(tag:$t after:$parley__after){body parley__position:number}}',
      ['t'],
    ],
    [
      'nothing',
      'subscription { happened { ... on Aside { aside } } }',
      'subscription{happened{__typename ...on Aside{aside}parley__position:place}}',
      'subscription($parley__after:Place){happened(since:$parley__after){__typename ...on Aside{aside}parley__position:place}}',
      [],
    ],
    [
      'an alias that is taken',
      'subscription { a: logged { parley__position: body } }',
      'subscription{a:logged{parley__position:body parley__position_:number}}',
      'subscription($parley__after:Int){a:logged(after:$parley__after){parley__position:body parley__position_:number}}',
      [],
    ],
    [
      'parts under conditions',
      'subscription { logged @include(if: true) { body } logged @skip(if: false) { number } }',
      'subscription{logged@include(if:true){body parley__position:number}logged@skip(if:false){number parley__position:number}}',
      'subscription($parley__after:Int){logged(after:$parley__after)@include(if:true){body parley__position:number}logged(after:$parley__after)@skip(if:false){number parley__position:number}}',
      [],
    ],
  ])(
    'is its position as well, and to go on from there instead of from %s',
    (_what, source, opening, resuming, taken) => {
      const upstream = upstreamOf(source)
      expect(upstream.opening.query).toBe(opening)
      expect(upstream.resumption?.operation.query).toBe(resuming)
      expect(upstream.resumption?.operation.variables).toEqual(taken)
    },
  )

  it.each<[what: string, source: string, variables: object, after: unknown]>([
    ['a literal', 'subscription { logged(after: 3) { body } }', {}, 3],
    ['null', 'subscription { logged(after: null) { body } }', {}, null],
    ['nothing', 'subscription { logged { body } }', {}, undefined],
    ['a variable', 'subscription($a: Int) { logged(after: $a) { body } }', { a: 4 }, 4],
    ['a variable without a value', 'subscription($a: Int) { logged(after: $a) { body } }', {}, undefined],
    ['the default of a variable', 'subscription($a: Int = 5) { logged(after: $a) { body } }', {}, 5],
    ['null instead of a default', 'subscription($a: Int = 5) { logged(after: $a) { body } }', { a: null }, null],
  ])('tells after what the client wants to begin: %s', (_what, source, variables, after) => {
    expect(upstreamOf(source).resumption?.beginsAfter({ ...variables })).toBe(after)
  })

  it('is only what was planned when the field is not resumable', () => {
    expect(upstreamOf('subscription { latest { body } }')).toEqual({
      delivery: { kind: 'replayable' },
      opening: { query: 'subscription{latest{body}}', operationName: undefined, variables: [] },
      resumption: undefined,
    })
    expect(upstreamOf('subscription { reviewAdded { id } }').delivery).toBeUndefined()
  })
})
