import { type FragmentDefinitionNode, Kind, type SelectionNode, type SelectionSetNode } from 'graphql'

/**
 * How many selections there are with all fragments written out. What stands in several places is counted once, so that
 * the time does not grow with the number.
 *
 * @param fragments none of which contains itself.
 */
export function expandedSize(
  selectionSet: SelectionSetNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
): number {
  const sizes = new Map<SelectionSetNode, number>()
  const setBelow = (selection: SelectionNode): SelectionSetNode | undefined =>
    selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value)?.selectionSet : selection.selectionSet
  const sizeOf = (set: SelectionSetNode): number => {
    const known = sizes.get(set)
    if (known !== undefined) return known
    let size = 0
    for (const selection of set.selections) {
      const below = setBelow(selection)
      size += 1 + (below ? sizeOf(below) : 0)
    }
    sizes.set(set, size)
    return size
  }
  return sizeOf(selectionSet)
}
