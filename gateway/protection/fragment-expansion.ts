import { type DocumentNode, Kind, type SelectionNode, type SelectionSetNode } from 'graphql'
import { fragmentsOf } from '../fragments-of.ts'

/** What is measured of selections. */
interface Measure {
  /** One selection's number, given that of everything below it; what is below a spread is its fragment. */
  readonly count: (selection: SelectionNode, below: number) => number
  /** The number of several selections beside one another. */
  readonly combine: (total: number, count: number) => number
}

/**
 * Measures selections as if each fragment were written out wherever it is spread. Each is measured once, so that the
 * time is linear in the document's length, however much it expands to. A fragment that contains itself, or that there
 * is not, counts nothing there: validation refuses it.
 */
export function measureExpanded(document: DocumentNode, { count, combine }: Measure) {
  const fragments = fragmentsOf(document)
  const measured = new Map<string, number>()

  const ofSet = (set: SelectionSetNode | undefined): number =>
    set?.selections.reduce((total, selection) => combine(total, count(selection, below(selection))), 0) ?? 0

  const below = (selection: SelectionNode): number =>
    selection.kind === Kind.FRAGMENT_SPREAD ? ofFragment(selection.name.value) : ofSet(selection.selectionSet)

  const ofFragment = (name: string): number => {
    if (!measured.has(name)) {
      measured.set(name, 0)
      measured.set(name, ofSet(fragments.get(name)?.selectionSet))
    }
    return measured.get(name) ?? 0
  }

  return (definition: { readonly selectionSet: SelectionSetNode }): number => ofSet(definition.selectionSet)
}

export const sum = (total: number, count: number) => total + count
