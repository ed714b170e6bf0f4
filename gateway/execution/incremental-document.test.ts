import { type DocumentNode, getOperationAST, parse, print } from 'graphql'
import { describe, expect, it } from 'vitest'
import { DEFER_NOTHING, deferChoice, usesDefer } from './incremental-choice.ts'
import { deferredDocument } from './incremental-document.ts'

function choose(document: DocumentNode, variables: Record<string, unknown> = {}) {
  const operation = getOperationAST(document)
  if (!operation) throw new Error('There is no operation.')
  return deferChoice(document, operation, variables)
}

function rewritten(source: string, variables?: Record<string, unknown>) {
  const document = parse(source)
  const { labels, document: planned } = deferredDocument(document, undefined, choose(document, variables))
  return { labels, text: print(planned).replace(/\s+/g, ' ') }
}

describe('an operation with @defer', () => {
  it('is planned with a number for each, whatever the client calls it', () => {
    expect(
      rewritten('{ me { ... @defer(label: "b") { id } ... on User @defer { ... @defer(label: "0") { name } } } }'),
    ).toEqual({
      labels: ['b', undefined, '0'],
      text: '{ me { ... @defer(label: "0") { id } ... on User @defer(label: "1") { ... @defer(label: "2") { name } } } }',
    })
  })

  it('is planned with fragments written out that are deferred or have one that is, and with no others', () => {
    const fragments =
      'fragment A on User { id ...B } fragment B on User { ...C @defer(label: "x") } fragment C on User { name ...D } fragment D on User { size }'
    expect(rewritten(`{ me { ...A friend { ...A @include(if: true) } ...D } } ${fragments}`)).toEqual({
      labels: ['x', 'x'],
      text:
        '{ me { ... on User { id ... on User { ... on User @defer(label: "0") { name ...D } } } ' +
        'friend { ... on User @include(if: true) { id ... on User { ... on User @defer(label: "1") { name ...D } } } } ...D } } ' +
        'fragment D on User { size }',
    })
  })

  it('is planned without those whose condition is false, and without variables that are of no use then', () => {
    const source =
      'query($x: Boolean!, $y: Boolean = false) { me { ... @defer(if: $x) { id } ...F @defer(if: $y) ... @defer(if: false) { a } ... @defer(if: true) { b } } } fragment F on User { name }'
    expect(rewritten(source, { x: false })).toEqual({
      labels: [undefined],
      text: '{ me { ... { id } ...F ... { a } ... @defer(label: "0") { b } } } fragment F on User { name }',
    })
    expect(rewritten(source, { x: true, y: true }).labels).toHaveLength(3)
  })

  it('defers what a variable decides that nobody gives a value, and nothing for null', () => {
    const document = parse('query($x: Boolean) { me { ... @defer(if: $x) { id } } }')
    expect(choose(document)).not.toBe(DEFER_NOTHING)
    for (const x of [null, false]) expect(choose(document, { x })).toBe(DEFER_NOTHING)
    expect(choose(document, { x: true }).key).toBe(choose(document).key)
  })

  it('is known by its directives, wherever they are', () => {
    expect(usesDefer(parse('{ me { ...F } } fragment F on User { ... @defer { id } }'))).toBe(true)
    expect(usesDefer(parse('{ me { ... @defer(if: false) { id } ... @include(if: true) { name } } }'))).toBe(false)
  })

  it('has at most thirty of them', () => {
    const times = (count: number) => `{ me { ${'... @defer { id }'.repeat(count)} } }`
    expect(rewritten(times(30)).labels).toHaveLength(30)
    expect(() => rewritten(times(31))).toThrow('more than 30 deferred fragments')
  })

  it('does not grow without limit by fragments that are written out', () => {
    const fragments = Array.from(
      { length: 40 },
      (_, index) => `fragment F${index} on User { ...F${index + 1} ...F${index + 1} }`,
    )
    const source = `{ me { ...F0 } } ${fragments.join(' ')} fragment F40 on User { ... @defer { id } }`
    expect(() => rewritten(source)).toThrow('more than 30 deferred fragments')
  })
})
