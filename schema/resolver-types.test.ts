import { parse } from 'graphql'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { generateResolverTypes } from './resolver-types.ts'

const subgraph = {
  name: 'rooms',
  url: 'http://127.0.0.1/graphql',
  schemaPath: 'schema/rooms.graphql',
  resolverTypesPath: 'subgraphs/rooms/resolvers.generated.ts',
  context: './context.ts#RoomsContext',
  entities: { Room: './room/room.entity.ts#Room' },
}

const document = parse(`
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
  directive @viewerIndependent on FIELD_DEFINITION
  scalar DateTime
  enum Kind { GROUP CHANNEL }
  type Room @key(fields: "id") { id: ID! kind: Kind! createdAt: DateTime @viewerIndependent }
  type Query { room(id: ID!): Room }
  type Subscription { roomChanged: Room! }
`)

function hasAnyType(node: ts.Node): boolean {
  return node.kind === ts.SyntaxKind.AnyKeyword || ts.forEachChild(node, hasAnyType) === true
}

test('the generated types hold no any', async () => {
  const text = await generateResolverTypes({ subgraph, document })
  const file = ts.createSourceFile('resolvers.generated.ts', text, ts.ScriptTarget.Latest)
  expect(file.statements.length).toBeGreaterThan(20)
  expect(hasAnyType(file)).toBe(false)
})

test('the generated file survives type stripping: it imports and exports nothing but types', async () => {
  const text = await generateResolverTypes({ subgraph, document })
  const { outputText } = ts.transpileModule(text, { compilerOptions: { target: ts.ScriptTarget.ESNext } })
  expect(outputText.trim()).toBe('export {};')
})

test('resolvers of an entity receive the entity, and its references carry the key', async () => {
  const text = await generateResolverTypes({ subgraph, document })
  expect(text).toContain(`import type { Room as RoomEntity } from './room/room.entity.ts'`)
  expect(text).toContain('Room: ResolverTypeWrapper<RoomEntity>')
  expect(text).toContain(`GraphQLRecursivePick<FederationTypes['Room'], {"id":true}>`)
})

test('a scalar without a TypeScript type is refused', async () => {
  const unknownScalar = parse('scalar Money type Query { price: Money }')
  await expect(generateResolverTypes({ subgraph, document: unknownScalar })).rejects.toThrow('Money')
})
