import { describe, expect, it } from 'vitest'
import { UpstreamEvents } from './upstream-event.ts'

const opening = { query: '', operationName: undefined, variables: [] }
const plan = (id: number) => ({ id, upstream: { delivery: undefined, opening, resumption: undefined } })
const positioned = (id: number) => ({
  id,
  upstream: {
    ...plan(id).upstream,
    resumption: {
      operation: { ...opening, after: 'after' },
      position: { field: 'added', alias: 'at' },
      beginsAfter: () => undefined,
    },
  },
})

describe('events of a subgraph', () => {
  it('are the same object for equal texts of one plan, and others for another plan', () => {
    const events = new UpstreamEvents()
    const text = '{"data":{"added":{"id":"a"}}}'
    const event = events.read(plan(1), text)
    expect(event).toEqual({ text, payload: { data: { added: { id: 'a' } } }, position: undefined })
    expect(events.read(plan(1), `${text}`)).toBe(event)
    expect(events.read(plan(2), text)).not.toBe(event)
    expect(events.read(plan(1), text.replace('a', 'b'))).not.toBe(event)
  })

  it.each([
    ['{"data":{"added":{"id":"a","at":7}}}', 7],
    ['{"data":{"added":{"id":"a","at":null}}}', null],
    ['{"data":{"added":null}}', undefined],
    ['{"data":null,"errors":[]}', undefined],
    ['{}', undefined],
    ['null', undefined],
  ])('have their position: %s', (text, position) => {
    expect(new UpstreamEvents().read(positioned(1), text).position).toBe(position)
  })

  it('must be JSON', () => {
    expect(() => new UpstreamEvents().read(plan(1), '{"data":1},"x":1')).toThrow(SyntaxError)
  })
})
