import type { FetchNode, PlanNode } from '@apollo/query-planner'
import { type ASTNode, Kind, parse, type SelectionSetNode, visit } from 'graphql'
import type { ViewerIndependence } from '../supergraph/viewer-independence.ts'
import type { ClientOperation } from './compiled-operation.ts'
import { fetchesIn } from './plan/fetches-in.ts'

/** What the results of a subscription's events depend on, beside the event itself; never on the viewer. */
export interface EventSharing {
  /** The names of the variables whose values they depend on. */
  readonly variables: readonly string[]
  /** Whether nothing is fetched after the event, so that the same one has the same result at any time. */
  readonly isTimeless: boolean
}

/**
 * How the events of a subscription are shared; undefined when what they are completed with may differ by viewer.
 *
 * @param rest what is fetched after the event; without it the result follows from the event alone.
 */
export function eventSharing(
  { viewerIndependence }: { readonly viewerIndependence: ViewerIndependence },
  operation: ClientOperation,
  rest: PlanNode | undefined,
): EventSharing | undefined {
  const isShared = ({ operation }: FetchNode) => viewerIndependence.covers(parse(operation, { noLocation: true }))
  if (!fetchesIn(rest).every(isShared)) return undefined
  return { variables: variablesBelowRoot(operation), isTimeless: rest === undefined }
}

/**
 * The variables that an operation uses anywhere but in the arguments of its root field. What those ask for shows in the
 * event, and they differ between viewers who want the same, by the position that each goes on from.
 */
function variablesBelowRoot({ operation, fragments }: ClientOperation): string[] {
  const used = new UsedVariables(fragments)
  const atRoot = ({ selections }: SelectionSetNode) => {
    for (const selection of selections) {
      for (const directive of selection.directives ?? []) used.addFrom(directive)
      const isField = selection.kind === Kind.FIELD
      if (isField && selection.selectionSet) used.addFrom(selection.selectionSet)
      const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : selection
      if (!isField && fragment?.selectionSet) atRoot(fragment.selectionSet)
    }
  }
  atRoot(operation.selectionSet)
  return [...used.names].sort()
}

/** Collects variables, also from the fragments that are spread. */
class UsedVariables {
  readonly names = new Set<string>()
  readonly #fragments: ClientOperation['fragments']
  readonly #seen = new Set<string>()

  constructor(fragments: ClientOperation['fragments']) {
    this.#fragments = fragments
  }

  addFrom(node: ASTNode): void {
    visit(node, {
      Variable: ({ name }) => {
        this.names.add(name.value)
      },
      FragmentSpread: ({ name }) => {
        const fragment = this.#seen.has(name.value) ? undefined : this.#fragments.get(name.value)
        this.#seen.add(name.value)
        if (fragment) this.addFrom(fragment)
      },
    })
  }
}
