import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isScalarType,
  isSpecifiedScalarType,
  isUnionType,
} from 'graphql'
import { page, table } from './markdown.ts'

const INTRODUCTION = `# API reference

Every operation and type of the graph, from the schema's own descriptions. How they play together:
[conversations.md](conversations.md), [assistant.md](assistant.md), [delivery.md](delivery.md); how to call them:
[clients.md](clients.md).

Generated from \`schema/\` by \`npm run docs\`. Do not edit.`

/**
 * The reference of a schema as clients see it, as one page of Markdown. Every type has a heading of its own, which everything of
 * that type links to. The same schema gives the same text.
 */
export function apiReference(schema: GraphQLSchema): string {
  const roots = [
    ['Queries', schema.getQueryType()],
    ['Mutations', schema.getMutationType()],
    ['Subscriptions', schema.getSubscriptionType()],
  ] as const
  const types = Object.values(schema.getTypeMap())
    .filter((type) => !isIntrospectionType(type) && !roots.some(([, root]) => root === type))
    .sort((a, b) => a.name.localeCompare(b.name, 'en'))
  return page([
    INTRODUCTION,
    ...roots.flatMap(([title, root]) => (root ? operationsOf(title, root) : [])),
    ...KINDS.flatMap(([title, isOfKind]) => section(title, types.filter(isOfKind), schema)),
  ])
}

const KINDS: readonly (readonly [title: string, isOfKind: (type: GraphQLNamedType) => boolean])[] = [
  ['Objects', isObjectType],
  ['Interfaces', isInterfaceType],
  ['Unions', isUnionType],
  ['Inputs', isInputObjectType],
  ['Enums', isEnumType],
  ['Scalars', (type) => isScalarType(type) && !isSpecifiedScalarType(type)],
]

function operationsOf(title: string, root: GraphQLObjectType): string[] {
  const fields = Object.values(root.getFields()).filter(({ name }) => !name.startsWith('_'))
  return [`## ${title}`, ...fields.flatMap((field) => operation(root, field))]
}

function operation(root: GraphQLObjectType, field: GraphQLField<unknown, unknown>): string[] {
  return [
    // A schema coordinate, because many an operation is called as the type that it returns.
    `### ${root.name}.${field.name}`,
    `${field.description ?? ''}${deprecation(field)}`,
    `Returns ${linked(field)}.`,
    table(['Argument', 'Type', 'Meaning'], field.args.map(described)),
  ]
}

function section(title: string, types: readonly GraphQLNamedType[], schema: GraphQLSchema): string[] {
  if (types.length === 0) return []
  return [
    `## ${title}`,
    ...types.flatMap((type) => [`### ${type.name}`, type.description ?? '', members(type, schema)]),
  ]
}

function members(type: GraphQLNamedType, schema: GraphQLSchema): string {
  if (isObjectType(type)) return table(['Field', 'Type', 'Meaning'], Object.values(type.getFields()).map(fieldRow))
  if (isInterfaceType(type)) {
    const { objects } = schema.getImplementations(type)
    const fields = table(['Field', 'Type', 'Meaning'], Object.values(type.getFields()).map(fieldRow))
    return page([`Implemented by ${objects.map(({ name }) => linkTo(name)).join(', ')}.`, fields]).trimEnd()
  }
  if (isUnionType(type))
    return `One of ${type
      .getTypes()
      .map(({ name }) => linkTo(name))
      .join(', ')}.`
  if (isInputObjectType(type))
    return table(['Field', 'Type', 'Meaning'], Object.values(type.getFields()).map(described))
  if (isEnumType(type)) {
    return table(
      ['Value', 'Meaning'],
      type.getValues().map((value) => [`\`${value.name}\``, meaning(value)]),
    )
  }
  return ''
}

function fieldRow(field: GraphQLField<unknown, unknown>): string[] {
  const called = field.args.map((argument) => `\`${argument.name}: ${argument.type}\` (${meaning(argument)})`)
  const given = called.length > 0 ? ` Arguments: ${called.join('; ')}.` : ''
  return [`\`${field.name}\``, linked(field), `${meaning(field)}${given}`]
}

function described(input: GraphQLArgument | GraphQLInputField): string[] {
  return [`\`${input.name}\``, linked(input), meaning(input)]
}

interface Described {
  readonly description?: string | null | undefined
  readonly deprecationReason?: string | null | undefined
}

const meaning = (element: Described) => `${element.description ?? ''}${deprecation(element)}`

const deprecation = ({ deprecationReason }: Described) =>
  deprecationReason ? ` **Deprecated:** ${deprecationReason}` : ''

/** A type as GraphQL writes it, leading to its heading; those that every server has lead nowhere. */
function linked({ type }: Pick<GraphQLField<unknown, unknown> | GraphQLArgument, 'type'>): string {
  const named = getNamedType(type)
  return isScalarType(named) && isSpecifiedScalarType(named) ? `\`${type}\`` : `[\`${type}\`](#${anchor(named.name)})`
}

const linkTo = (name: string) => `[${name}](#${anchor(name)})`

/** GitHub's anchor of a heading that is one word. */
const anchor = (heading: string) => heading.toLowerCase()
