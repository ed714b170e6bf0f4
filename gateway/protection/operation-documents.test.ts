import { buildSchema, getIntrospectionQuery } from 'graphql'
import { describe, expect, it } from 'vitest'
import { OperationDocuments } from './operation-documents.ts'

const schema = buildSchema(`
  type Query { node(ids: [Int!], filter: Filter): Node! names(of: [[Int]]): [String] }
  type Node { id: Int! node: Node! }
  input Filter { ids: [Int!] inner: Filter }
`)

const documents = new OperationDocuments({
  schema,
  limits: { tokens: 2_000, depth: 12, aliases: 30, rootFields: 15, cost: 10_000 },
  production: false,
})

/** What is said against an operation; undefined when nothing is. */
function complaint(query: string, variables?: unknown) {
  const { errors } = documents.read({ query, variables })
  if (!errors) return undefined
  const [error] = errors
  return { code: (error?.originalError as { code?: string } | undefined)?.code, message: error?.message }
}

const tooExpensive = (message: string) => ({ code: 'OPERATION_TOO_EXPENSIVE', message })

const nested = (levels: number, leaf = 'id') => `${'node { '.repeat(levels - 1)}${leaf}${' }'.repeat(levels - 1)}`

const aliases = (count: number) => Array.from({ length: count }, (_, index) => `a${index}: id`).join(' ')

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)

/** Fragments that spread the next one so many times: the last stands in the operation spreads ** fragments times. */
function fragments(count: number, spreads: number): string {
  const next = (index: number) => `node { ...F${index + 1} } `.repeat(spreads)
  const bodies = numbers(count).map((index) => `fragment F${index} on Node { ${next(index)} }`)
  return `${bodies.join('\n')} fragment F${count} on Node { id }`
}

describe('the depth of an operation', () => {
  it('is at most 12 fields', () => {
    expect(complaint(`{ ${nested(12)} }`)).toBeUndefined()
    expect(complaint(`{ ${nested(13)} }`)).toEqual(
      tooExpensive('The operation nests fields 13 levels deep; the limit is 12.'),
    )
  })

  it('is that of its deepest field, whatever stands beside it on any level', () => {
    const beside = (levels: number) => `{ id: __typename ${nested(levels, 'id other: id').replaceAll('{ ', '{ id ')} }`
    expect(complaint(beside(12))).toBeUndefined()
    expect(complaint(beside(13))?.message).toContain('13 levels')
  })

  it('counts through fragments, which add none of their own', () => {
    const through = (levels: number) =>
      `{ ... on Query { node { ...Rest } } } fragment Rest on Node { ... { ${nested(levels - 1)} } }`
    expect(complaint(through(12))).toBeUndefined()
    expect(complaint(through(13))?.message).toContain('13 levels')
  })

  it('leaves introspection out', () => {
    const query = getIntrospectionQuery({
      descriptions: true,
      specifiedByUrl: true,
      directiveIsRepeatable: true,
      schemaDescription: true,
      inputValueDeprecation: true,
      oneOf: true,
    })
    expect(complaint(query)).toBeUndefined()
  })
})

describe('the aliases of an operation', () => {
  it('are at most 30', () => {
    expect(complaint(`{ node { ${aliases(30)} } }`)).toBeUndefined()
    expect(complaint(`{ node { ${aliases(31)} } }`)).toEqual(
      tooExpensive('The operation has 31 aliases; the limit is 30.'),
    )
  })

  it('count once for each place where their fragment is spread', () => {
    const query = (count: number) => `{ node { ...A node { ...A } } } fragment A on Node { ${aliases(count)} }`
    expect(complaint(query(15))).toBeUndefined()
    expect(complaint(query(16))?.message).toContain('32 aliases')
  })
})

describe('the root fields of an operation', () => {
  const roots = (count: number) => numbers(count).map((index) => `r${index}: node { id }`)

  it('are at most 15', () => {
    expect(complaint(`{ ${roots(15).join(' ')} }`)).toBeUndefined()
    expect(complaint(`{ ${roots(16).join(' ')} }`)).toEqual(
      tooExpensive('The operation has 16 root fields; the limit is 15.'),
    )
  })

  it('cannot hide in fragments', () => {
    const [first, ...rest] = roots(16)
    const query = `{ ${first} ...A } fragment A on Query { ... on Query { ${rest.join(' ')} } }`
    expect(complaint(query)?.message).toContain('16 root fields')
  })

  it('are counted in every operation of the document', () => {
    const query = `query A { node { id } } query B { ${roots(16).join(' ')} }`
    expect(complaint(query)?.message).toContain('16 root fields')
  })
})

describe('the fragments of an operation', () => {
  it('may be spread until the operation has 10,000 selections', () => {
    expect(complaint(`{ node { ...F0 } } ${fragments(7, 3)}`)).toBeUndefined()
    expect(complaint(`{ node { ...F0 } } ${fragments(9, 3)}`)).toEqual(
      tooExpensive('The operation has 78731 selections with its fragments written out; the limit is 10000.'),
    )
  })

  it('are counted when no operation spreads them, because validation looks at them too', () => {
    expect(complaint(`{ node { id } } ${fragments(9, 3)}`)?.code).toBe('OPERATION_TOO_EXPENSIVE')
  })

  it('that contain themselves are for validation to refuse', () => {
    const cycle = '{ node { ...A } } fragment A on Node { node { ...B } } fragment B on Node { node { ...A } }'
    expect(complaint(cycle)?.message).toMatch(/Cannot spread fragment "A" within itself/)
    expect(complaint('{ node { ...A } } fragment A on Node { ...A }')?.message).toMatch(/within itself/)
  })

  it('that contain one another in every way there is are refused in no time', () => {
    const all = numbers(16)
    const bodies = all.map((index) => `fragment F${index} on Node { ${all.map((it) => `...F${it} `).join('')} }`)
    const started = performance.now()
    expect(complaint(`{ node { ...F0 } } ${bodies.join(' ')}`)).toBeDefined()
    expect(performance.now() - started).toBeLessThan(1_000)
  })

  it('that are missing are for validation to report', () => {
    expect(complaint('{ node { ...Nowhere } }')?.message).toMatch(/Unknown fragment/)
  })
})

describe('a list that is written into the operation', () => {
  it('has at most 100 elements', () => {
    expect(complaint(`{ node(ids: [${numbers(100)}]) { id } }`)).toBeUndefined()
    expect(complaint(`{ node(ids: [${numbers(101)}]) { id } }`)).toEqual(
      tooExpensive('A list in the operation has 101 elements; the limit is 100.'),
    )
  })

  it.each([
    ['in an input object', `{ node(filter: { inner: { ids: [${numbers(101)}] } }) { id } }`],
    ['in a list', `{ names(of: [[1], [${numbers(101)}]]) }`],
    ['as the default of a variable', `query($ids: [Int!] = [${numbers(101)}]) { node(ids: $ids) { id } }`],
    ['in a fragment', `{ ...A } fragment A on Query { node(ids: [${numbers(101)}]) { id } }`],
  ])('is found %s', (_where, query) => {
    expect(complaint(query)?.message).toContain('101 elements')
  })
})

describe('a list in the variables', () => {
  const query = 'query($ids: [Int!], $filter: Filter) { node(ids: $ids, filter: $filter) { id } }'

  it('has at most 100 elements', () => {
    expect(complaint(query, { ids: numbers(100) })).toBeUndefined()
    expect(complaint(query, { ids: numbers(101) })).toEqual(
      tooExpensive('A list in the variables has 101 elements; the limit is 100.'),
    )
  })

  it('is found however deep it lies', () => {
    expect(complaint(query, { filter: { inner: { inner: { ids: numbers(101) } } } })?.message).toContain('101 elements')
    expect(complaint(query, { ids: [[numbers(101)]] })?.message).toContain('101 elements')
  })
})

describe('the variables', () => {
  it('are nested at most 100 levels deep', () => {
    const deep = (levels: number) => JSON.parse(`{"v":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`)
    expect(complaint('{ node { id } }', deep(100))).toBeUndefined()
    expect(complaint('{ node { id } }', deep(200_000))).toEqual(
      tooExpensive('The variables are nested more than 100 levels deep, which is the limit.'),
    )
  })

  it('may be absent', () => {
    expect(complaint('{ node { id } }', null)).toBeUndefined()
  })
})

describe('the document that Apollo Server is given', () => {
  const accepted = (query: string) => {
    const read = documents.read({ query, variables: undefined })
    if (read.errors) throw new Error('The document is refused.')
    return read
  }
  const [own, other] = [accepted('{ node { id } }'), accepted(`{ node { id } } #${'x'.repeat(30_000)}`)]

  it.each([own, other])('is that of the operation which runs, be it too large to be kept', async (running) => {
    const given = await documents.during(running, () => documents.get(`prefix:${running.hash}`))
    expect(given).toBe(running.document)
  })

  it('is none that was read for another', async () => {
    const given = documents.during(own, () => documents.get(`prefix:${other.hash}`))
    await expect(given).rejects.toThrow('not accepted')
    await expect(documents.get(`prefix:${own.hash}`)).rejects.toThrow('not accepted')
  })
})

it('a document too deep to be parsed is refused', () => {
  const patient = new OperationDocuments({
    schema,
    limits: { tokens: 10_000_000, depth: 12, aliases: 30, rootFields: 15, cost: 10_000 },
    production: false,
  })
  const { errors } = patient.read({ query: `{ ${nested(300_000)} }`, variables: undefined })
  expect(errors?.[0]?.originalError).toMatchObject({ code: 'OPERATION_TOO_EXPENSIVE' })
})
