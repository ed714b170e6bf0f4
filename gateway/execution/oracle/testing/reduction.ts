import {
  type DocumentNode,
  type GraphQLSchema,
  Kind,
  parse,
  print,
  type SelectionSetNode,
  validate,
  visit,
} from 'graphql'

/** Everything that a generated case consists of. */
export interface TrialCase {
  readonly features: readonly string[]
  readonly query: string
  readonly variables: Readonly<Record<string, unknown>>
  readonly kinds: readonly string[]
}

/**
 * Makes a failing case smaller, for as long as it fails: leaves out kinds of faults, features of the graph and
 * selections of the operation.
 *
 * @param fails whether a case still does; one that cannot be run does not.
 * @param schemaOf what a graph's clients see.
 */
export async function reduce(
  found: TrialCase,
  fails: (it: TrialCase) => Promise<boolean>,
  schemaOf: (features: readonly string[]) => Promise<GraphQLSchema>,
): Promise<TrialCase> {
  let smallest = found
  const attempt = async (smaller: TrialCase): Promise<boolean> => {
    const failsToo = await fails(smaller).catch(() => false)
    if (failsToo) smallest = smaller
    return failsToo
  }
  for (const kind of found.kinds) await attempt({ ...smallest, kinds: smallest.kinds.filter((it) => it !== kind) })
  await reduceQuery(() => smallest, attempt, await schemaOf(found.features))
  for (const feature of found.features) {
    await attempt({ ...smallest, features: smallest.features.filter((it) => it !== feature) })
  }
  await reduceQuery(() => smallest, attempt, await schemaOf(smallest.features))
  return smallest
}

async function reduceQuery(
  current: () => TrialCase,
  attempt: (smaller: TrialCase) => Promise<boolean>,
  schema: GraphQLSchema,
): Promise<void> {
  for (let index = 0; ; ) {
    const query = without(parse(current().query), index)
    if (query === undefined) return
    const isValid = validate(schema, parse(query)).length === 0
    if (!isValid || !(await attempt({ ...current(), query }))) index += 1
  }
}

/** @returns the document without one of its selections or directives, and what only they used; undefined when there are no more. */
function without(document: DocumentNode, index: number): string | undefined {
  let count = -1
  let isFound = false
  const leave = () => {
    count += 1
    if (count !== index) return undefined
    isFound = true
    return null
  }
  const smaller = visit(document, { Field: leave, InlineFragment: leave, FragmentSpread: leave, Directive: leave })
  if (!isFound) return undefined
  const filled: DocumentNode = visit(smaller, {
    SelectionSet: (node: SelectionSetNode) =>
      node.selections.length > 0
        ? undefined
        : { ...node, selections: [{ kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } }] },
  })
  return print(withoutUnused(filled))
}

function withoutUnused(document: DocumentNode): DocumentNode {
  const used = new Set<string>()
  visit(document, {
    FragmentSpread: ({ name }) => void used.add(`...${name.value}`),
    Variable: ({ name }, _key, parent) => {
      if (!parent || !('kind' in parent) || parent.kind !== Kind.VARIABLE_DEFINITION) used.add(`$${name.value}`)
    },
  })
  const smaller = visit(document, {
    FragmentDefinition: ({ name }) => (used.has(`...${name.value}`) ? undefined : null),
    VariableDefinition: ({ variable }) => (used.has(`$${variable.name.value}`) ? undefined : null),
  })
  return smaller.definitions.length === document.definitions.length ? smaller : withoutUnused(smaller)
}
