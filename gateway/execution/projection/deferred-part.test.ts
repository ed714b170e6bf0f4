import { buildSchema, getOperationAST, parse } from 'graphql'
import { describe, expect, it } from 'vitest'
import type { DeferredPart } from './deferred-part.ts'
import { compileProjection } from './projection.ts'

const SCHEMA = buildSchema(`
  type Query { me: User users: [User!] strict: User! node: Node }
  interface Node { id: ID! }
  type User implements Node { id: ID! name: String! friend: User tags: [[Tag]] }
  type Note implements Node { id: ID! text: String }
  type Tag { name: String! }
`)

function project(source: string, data: Record<string, unknown>) {
  const operation = getOperationAST(parse(source))
  if (!operation) throw new Error('There is no operation.')
  const projected = compileProjection(SCHEMA, operation, new Map()).project(data, {})
  return { ...projected, data: plain(projected.data) }
}

/** What a part comes to. */
function told(part: DeferredPart | undefined, data: Record<string, unknown>) {
  const projected = part?.project(data, {})
  return {
    data: plain(projected?.data),
    faults: projected?.faults.map(({ path }) => path),
    deferred: projected?.deferred.map(place),
  }
}

const place = ({ number, path }: DeferredPart) => [number, path.join('.')]
const plain = (value: unknown) => JSON.parse(JSON.stringify(value ?? null))
const user = (id: string, more: object = {}) => ({ __typename: 'User', id, ...more })

describe('a part that is deferred', () => {
  it('is left out of what it is in, and told of its own', () => {
    const source = '{ me { id ... @defer(label: "0") { name friend { id ... @defer(label: "1") { name } } } } }'
    const data = { me: user('1', { name: 'Ada', friend: user('2', { name: 'Bo' }) }) }
    const whole = project(source, data)
    expect([whole.data, whole.deferred.map(place)]).toEqual([{ me: { id: '1' } }, [['0', 'me']]])
    const [part] = whole.deferred
    expect(told(part, data)).toEqual({
      data: { name: 'Ada', friend: { id: '2' } },
      faults: [],
      deferred: [['1', 'me.friend']],
    })
    expect(told(part?.project(data, {}).deferred[0], data)).toEqual({ data: { name: 'Bo' }, faults: [], deferred: [] })
  })

  it('is of each element of lists, and of none that is null', () => {
    const source = '{ me { tags { ... @defer(label: "0") { name } } } users { ... @defer(label: "1") { id } } }'
    const data = { me: user('1', { tags: [[{ name: 'a' }, null], null, [{ name: 'b' }]] }), users: [] }
    const { deferred } = project(source, data)
    expect(deferred.map(place)).toEqual([
      ['0', 'me.tags.0.0'],
      ['0', 'me.tags.2.0'],
    ])
    expect(deferred.map((part) => told(part, data).data)).toEqual([{ name: 'a' }, { name: 'b' }])
  })

  it('is of objects of its type only', () => {
    const source = '{ node { id ... on User @defer(label: "0") { name } ... on Note @defer(label: "1") { text } } }'
    const data = { node: { __typename: 'Note', id: '1', text: 'Hm.' } }
    const { deferred } = project(source, data)
    expect(deferred.map(place)).toEqual([['1', 'node']])
    expect(told(deferred[0], data).data).toEqual({ text: 'Hm.' })
  })

  it('is of objects whose type was fetched with it', () => {
    const source = `{
      node { id ... @defer(label: "0") { __typename ... on Note { text } } ... on Note @defer(label: "1") { text }
        ... on User @defer(label: "2") { name } }
    }`
    const { deferred } = project(source, { node: { __typename: 'Node', id: '1' } })
    const data = { node: { __typename: 'Note', id: '1', text: 'Hm.' } }
    expect(deferred.map((part) => told(part, data).data)).toEqual([
      { __typename: 'Note', text: 'Hm.' },
      { text: 'Hm.' },
      {},
    ])
  })

  it('is null by itself for what must not be null in it, and says at which path', () => {
    const source = '{ users { id ... @defer(label: "0") { name friend { ... @defer(label: "1") { name } } } } }'
    const data = { users: [user('1', { name: 'Ada' }), user('2', { friend: user('1') })] }
    const { data: whole, faults, deferred } = project(source, data)
    expect([whole, faults]).toEqual([{ users: [{ id: '1' }, { id: '2' }] }, []])
    expect(told(deferred[1], data)).toEqual({ data: null, faults: [['users', 1, 'name']], deferred: [] })
  })

  it('is dropped with what it is in when that becomes null', () => {
    const source = `{
      users { ... @defer(label: "0") { id } name }
      me { friend { ... @defer(label: "1") { id } } name }
      strict { ... @defer(label: "2") { id } }
    }`
    const data = {
      users: [user('1', { name: 'Ada' }), user('2')],
      me: user('1', { friend: user('2') }),
      strict: user('3'),
    }
    const { data: whole, deferred } = project(source, data)
    expect(whole).toEqual({ users: null, me: null, strict: {} })
    expect(deferred.map(place)).toEqual([['2', 'strict']])
  })

  it('is dropped with everything else when the answer is null', () => {
    const { data, deferred } = project('{ ... @defer(label: "0") { me { id } } strict { name } }', { strict: null })
    expect([data, deferred]).toEqual([null, []])
  })

  it('is null when its object is not there any more', () => {
    const { deferred } = project('{ me { ... @defer(label: "0") { id } } }', { me: user('1') })
    expect(told(deferred[0], { me: null })).toEqual({ data: null, faults: [], deferred: [] })
  })
})
