import { parse } from 'graphql'
import { expect, test } from 'vitest'
import { CompositionError, composeSupergraph } from './compose.ts'

const link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable"])'

function subgraphSchema(name: string, text: string) {
  const subgraph = {
    name,
    url: `http://127.0.0.1/${name}`,
    schemaPath: `schema/${name}.graphql`,
    resolverTypesPath: `subgraphs/${name}/resolvers.generated.ts`,
    context: './context.ts#Context',
    entities: {},
  }
  return { subgraph, document: parse(`${link} ${text}`) }
}

test('two subgraphs that share an entity become one graph, whatever their order', () => {
  const rooms = subgraphSchema(
    'rooms',
    'type Room @key(fields: "id") { id: ID! topic: String } type Query { room: Room }',
  )
  const seats = subgraphSchema('seats', 'type Room @key(fields: "id") { id: ID! seats: Int }')
  const supergraph = composeSupergraph([rooms, seats])
  expect(supergraph).toContain('SEATS @join__graph(name: "seats", url: "http://127.0.0.1/seats")')
  expect(composeSupergraph([seats, rooms])).toBe(supergraph)
})

test('every conflict is named with its code and the subgraphs that disagree', () => {
  const rooms = subgraphSchema('rooms', 'type Size { width: Int } type Query { size: Size }')
  const seats = subgraphSchema('seats', 'type Size { width: Int } type Query { seatSize: Size }')
  const compose = () => composeSupergraph([rooms, seats])
  expect(compose).toThrow(CompositionError)
  expect(compose).toThrow(/^ {2}INVALID_FIELD_SHARING: .*"Size\.width".*"rooms" and "seats"/m)
})
