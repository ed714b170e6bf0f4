import { ToySubgraph } from './toy-subgraph.ts'

/**
 * Subgraphs each of which knows every node by its id. The even ones share the field `a`, the odd ones `b`, so that a way
 * to `a { b { a … } }` leads with each level to any of the half of them.
 */
export function manyWays(count: number): ToySubgraph[] {
  return times(count, (index) => {
    const mine = index % 2 === 0 ? 'a' : 'b'
    const scalars = times(30, (field) => `${mine}${field}: Int @federation__shareable`).join(' ')
    const node = `${mine}: Node @federation__shareable`
    const types = `type Query { ${node} } type Node @key(fields: "id") { id: ID! ${node} ${scalars} }`
    return new ToySubgraph(`${mine}${index}`, types, {})
  })
}

/** What is made of each number below `count`. */
export function times<Value>(count: number, make: (index: number) => Value): Value[] {
  return Array.from({ length: count }, (_, index) => make(index))
}
