import { buildSchema, type GraphQLError, getOperationAST, parse } from 'graphql'
import { describe, expect, it } from 'vitest'
import { variableFaults } from './variable-faults.ts'

const clientSchema = buildSchema(`
  enum Color { RED GREEN }
  input Paint { clientId: ID, color: Color, layers: [Int!] }
  type Query { paint(with: Paint): Int }
`)
const operation = getOperationAST(parse('query($p: Paint) { paint(with: $p) }')) ?? {}

function faultsOf(p: unknown, production = false): readonly GraphQLError[] {
  return variableFaults({ clientSchema, production }, operation, { p }) ?? []
}

const told = (faults: readonly GraphQLError[]) => faults.map(({ message }) => message)
const manyKeys = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 1]))

describe('the faults of variables', () => {
  it('are none when they fit', () => {
    const rules = { clientSchema, production: false }
    expect(variableFaults(rules, operation, { p: { clientId: '1', color: 'RED', layers: [1] } })).toBeUndefined()
    expect(variableFaults(rules, operation, {})).toBeUndefined()
  })

  it('are told in the words of graphql-js while these are short', () => {
    expect(told(faultsOf({ layers: 'x' }))).toEqual([
      'Variable "$p" got invalid value "x" at "p.layers"; Int cannot represent non-integer value: "x"',
    ])
  })

  it('are few and short, however many and large they are, and say what is wrong first', () => {
    const faults = faultsOf({ ...manyKeys(1_000), layers: 'x'.repeat(20_000) })
    const messages = told(faults)
    expect(messages).toHaveLength(21)
    expect(messages.join('').length).toBeLessThan(7_000)
    expect(messages[1]).toMatch(
      /^Variable "\$p" got invalid value \{.* … .*Field "k0" is not defined by type "Paint"\.$/s,
    )
    expect(messages.at(-1)).toMatch(/^Too many errors/)
    expect(JSON.stringify(faults).length).toBeLessThan(10_000)
  })

  it('are not listed when they are large, because each takes its time', () => {
    const messages = told(faultsOf({ ...manyKeys(100), layers: 'x'.repeat(100_000) }))
    expect(messages).toHaveLength(2)
    expect(messages.join('').length).toBeLessThan(500)
    expect(messages.at(-1)).toMatch(/^Too many errors/)
  })

  it('name what may have been meant, but not in production', () => {
    for (const near of [{ clientI: '1' }, { color: 'REDD' }]) {
      expect(told(faultsOf(near)).join()).toMatch(/Did you mean/)
      expect(told(faultsOf(near, true)).join()).toMatch(/(is not defined by type|does not exist in)/)
      expect(told(faultsOf(near, true)).join()).not.toMatch(/Did you mean|clientId|"RED"/)
    }
  })
})
