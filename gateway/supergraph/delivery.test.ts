import { Supergraph } from '@apollo/federation-internals'
import { describe, expect, it } from 'vitest'
import { compose, ToySubgraph } from '../testing/toy-subgraph.ts'
import { readDelivery } from './delivery.ts'

const DELIVERY = 'https://parley.example/delivery/v1.0'

function deliveryOf(fields: string, { url = DELIVERY, names = ['@resumable', '@replayable'] } = {}) {
  const [resumable, replayable] = names as [string, string]
  const imports = ['@resumable', '@replayable'].map((name, index) => `{ name: "${name}", as: "${names[index]}" }`)
  const typeDefs = `
    extend schema
      @link(url: "${url}", import: [${imports}])
      @federation__composeDirective(name: "${resumable}")
      @federation__composeDirective(name: "${replayable}")
    directive ${resumable}(after: String!, position: String!) on FIELD_DEFINITION
    directive ${replayable} on FIELD_DEFINITION
    type Query { one: Int }
    type Subscription { ${fields} }
    interface Event { at: Int list: [Int] some(of: Int!): Int any(of: Int = 1): Int }
    type Added implements Event { at: Int list: [Int] some(of: Int!): Int any(of: Int = 1): Int }
    union Either = Added
  `
  return readDelivery(Supergraph.build(compose([new ToySubgraph('events', typeDefs, {})])))
}

describe('how subscriptions are delivered', () => {
  it('is what the supergraph says, whatever it calls the directives', () => {
    const fields = `
      events(after: Int! = 0): Event! @again(after: "after", position: "at")
      any(since: String): Event @again(after: "since", position: "any")
      now: Added! @anew
      once: Added!`
    expect(Object.fromEntries(deliveryOf(fields, { names: ['@again', '@anew'] }))).toEqual({
      events: { kind: 'resumable', argument: { name: 'after', type: 'Int!', defaultValue: 0 }, position: 'at' },
      any: { kind: 'resumable', argument: { name: 'since', type: 'String', defaultValue: undefined }, position: 'any' },
      now: { kind: 'replayable' },
    })
  })

  it('is not known of directives that only have the same names', () => {
    const fields = 'now: Added! @replayable'
    expect(deliveryOf(fields, { url: 'https://elsewhere.example/delivery/v1.0' }).size).toBe(0)
  })

  it.each([
    ['there is no argument', 'events: Event! @resumable(after: "after", position: "at")', /no argument "after"/],
    [
      'there is no field',
      'events(after: Int): Event! @resumable(after: "after", position: "nowhere")',
      /"nowhere" must be/,
    ],
    ['it is a list', 'events(after: Int): Event! @resumable(after: "after", position: "list")', /"list" must be/],
    [
      'it needs an argument',
      'events(after: Int): Event! @resumable(after: "after", position: "some")',
      /"some" must be/,
    ],
    [
      'the event is a union',
      'events(after: Int): Either! @resumable(after: "after", position: "at")',
      /one object or interface/,
    ],
    [
      'the events come in lists',
      'events(after: Int): [Event!]! @resumable(after: "after", position: "at")',
      /one object/,
    ],
  ])('cannot be read where @resumable does not fit: %s', (_what, field, message) => {
    expect(() => deliveryOf(field)).toThrow(message)
  })
})
