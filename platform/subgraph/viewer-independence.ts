import {
  type ASTNode,
  type ConstDirectiveNode,
  type DocumentNode,
  type GraphQLNamedType,
  type GraphQLSchema,
  isAbstractType,
  isInterfaceType,
  isObjectType,
  Kind,
  parse,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql'

/** What the result of an event depends on beside the event. */
export interface EventDependencies {
  /** Whether every viewer who may see the event gets the same. The root field itself always says the same to all. */
  readonly isViewerIndependent: boolean
  /** The variables that are used anywhere but in the root field's own arguments, which only choose the events. */
  readonly variables: ReadonlySet<string>
}

/** Looks through a valid document, all its operations and fragments together. */
export function readEventDependencies(schema: GraphQLSchema, document: DocumentNode): EventDependencies {
  const types = new TypeInfo(schema)
  const root = schema.getSubscriptionType()
  const variables = new Set<string>()
  let isViewerIndependent = true
  visit(
    document,
    visitWithTypeInfo(types, {
      VariableDefinition: () => false,
      Argument: () => (types.getParentType() === root && !types.getDirective() ? false : undefined),
      Variable: ({ name }) => void variables.add(name.value),
      Field: ({ name }) => {
        const parent = types.getParentType()
        if (parent !== root) isViewerIndependent &&= isIndependent(schema, parent, name.value)
      },
    }),
  )
  return { isViewerIndependent, variables }
}

/**
 * A field is viewer-independent when whoever may see its object gets the same value: `__typename`, a field that is
 * marked `@viewerIndependent`, every field of an object that is, and a field of an interface that is marked itself or
 * viewer-independent on every object of it. What is not known to be so is taken not to be. What a subgraph says by the
 * directive it says of itself; gateway/supergraph/viewer-independence.ts reads it where subgraphs are joined.
 *
 * Here every mark counts, because this subgraph alone answers, and key fields need none: they say which object it is.
 */
function isIndependent(schema: GraphQLSchema, type: GraphQLNamedType | null | undefined, field: string): boolean {
  if (field === '__typename') return true
  if (isObjectType(type)) {
    return (
      isMarked(type.getFields()[field]?.astNode) ||
      definitionsOf(type).some((definition) => isMarked(definition) || keysOf(definition).has(field))
    )
  }
  if (isInterfaceType(type) && isMarked(type.getFields()[field]?.astNode)) return true
  return isAbstractType(type) && schema.getPossibleTypes(type).every((one) => isIndependent(schema, one, field))
}

type Definition = ASTNode & { readonly directives?: readonly ConstDirectiveNode[] | undefined }

const definitionsOf = ({ astNode, extensionASTNodes }: GraphQLNamedType): Definition[] => [
  ...(astNode ? [astNode] : []),
  ...extensionASTNodes,
]

const isMarked = (definition: Definition | null | undefined) =>
  definition?.directives?.some(({ name }) => name.value === 'viewerIndependent') ?? false

/** What names an entity is the same for everybody. */
function keysOf({ directives = [] }: Definition): Set<string> {
  const keys = directives.filter(({ name }) => name.value === 'key').flatMap((key) => key.arguments ?? [])
  return new Set(
    keys.flatMap(({ name, value }) =>
      name.value === 'fields' && value.kind === Kind.STRING ? fieldsIn(value.value) : [],
    ),
  )
}

function fieldsIn(selection: string): string[] {
  const [operation] = parse(`{ ${selection} }`, { noLocation: true }).definitions
  if (operation?.kind !== Kind.OPERATION_DEFINITION) return []
  return operation.selectionSet.selections.flatMap((one) => (one.kind === Kind.FIELD ? [one.name.value] : []))
}
