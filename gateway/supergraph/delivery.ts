import {
  type FieldDefinition,
  isInterfaceType,
  isLeafType,
  isObjectType,
  type ObjectType,
  type Schema,
  type Supergraph,
} from '@apollo/federation-internals'

/** What the directives that this file reads belong to, as `@link` names it, apart from the version. */
const DELIVERY = 'https://parley.example/delivery'

/**
 * How a subscription goes on when the connection to its subgraph is lost. `resumable`: it is opened again from the
 * position of the last event. `replayable`: it is opened again as it was, and what it then says replaces what it said.
 */
export type Delivery = Resumable | { readonly kind: 'replayable' }

/** What `@resumable` says of a field. */
export interface Resumable {
  readonly kind: 'resumable'
  /** The argument that takes a position. */
  readonly argument: {
    readonly name: string
    /** In SDL. */
    readonly type: string
    /** Undefined when there is none. */
    readonly defaultValue: unknown
  }
  /** The field of each event that carries its position, or null when it has none. */
  readonly position: string
}

type RootField = FieldDefinition<ObjectType>

/**
 * Reads `@resumable` and `@replayable` of the specification {@link DELIVERY}, under whatever names the supergraph
 * imports them.
 *
 * @returns by the name of the subscription's root field; those without either directive are left out.
 * @throws Error that says which directive does not fit its field.
 */
export function readDelivery(supergraph: Supergraph): ReadonlyMap<string, Delivery> {
  const feature = supergraph.schema.coreFeatures?.getByIdentity(DELIVERY)
  const root = rootOf(supergraph.schema)
  const deliveries = new Map<string, Delivery>()
  if (!feature || !root) return deliveries
  const resumable = feature.directiveNameInSchema('resumable')
  const replayable = feature.directiveNameInSchema('replayable')
  for (const field of root.fields()) {
    const [directive] = field.appliedDirectivesOf(resumable)
    if (directive) deliveries.set(field.name, resumableOf(field, directive.arguments(), supergraph))
    else if (field.hasAppliedDirective(replayable)) deliveries.set(field.name, { kind: 'replayable' })
  }
  return deliveries
}

function rootOf(schema: Schema): ObjectType | undefined {
  return schema.schemaDefinition.rootType('subscription')
}

function resumableOf(
  field: RootField,
  { after, position }: { readonly after?: unknown; readonly position?: unknown },
  supergraph: Supergraph,
): Resumable {
  const argument = field.argument(String(after))
  if (!argument?.type) throw new Error(`@resumable on ${field.coordinate}: there is no argument "${after}".`)
  // The position is asked for where the events come from: there, not only in the joined graph, it must be a field.
  const sources = [...supergraph.subgraphs().values()].flatMap(({ schema }) => rootOf(schema)?.field(field.name) ?? [])
  if (!sources.every((source) => hasPosition(source, String(position)))) {
    throw new Error(
      `@resumable on ${field.coordinate}: "${position}" must be a scalar field without required arguments of ${field.type}, which must be one object or interface, in the same subgraph.`,
    )
  }
  const { name, type, defaultValue } = argument
  return { kind: 'resumable', argument: { name, type: String(type), defaultValue }, position: String(position) }
}

function hasPosition({ type }: RootField, name: string): boolean {
  const event = type?.kind === 'NonNullType' ? type.ofType : type
  if (!event || !(isObjectType(event) || isInterfaceType(event))) return false
  const field = event.field(name)
  const value = field?.type?.kind === 'NonNullType' ? field.type.ofType : field?.type
  if (!field || !value || !isLeafType(value)) return false
  return field.arguments().every((argument) => !argument.isRequired())
}
