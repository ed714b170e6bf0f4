import { type FragmentDefinitionNode, Kind, type SelectionSetNode } from 'graphql'
import type { AuthorizationRules } from './rules.ts'

/**
 * The rules that what an operation selects may be denied by; the ids, ascending.
 *
 * @param rootType the name of the operation's.
 * @param selectionSet the operation's, which is valid.
 */
export function metRules(
  { types }: AuthorizationRules,
  rootType: string,
  selectionSet: SelectionSetNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
): readonly number[] {
  const met = new Set<number>()
  const spread = new Set<string>()
  const add = (rules: readonly number[] = []) => {
    for (const rule of rules) met.add(rule)
  }
  const addType = (name: string) => {
    const type = types.get(name)
    for (const object of [name, ...(type?.objects ?? [])]) add(types.get(object)?.rules)
  }
  const addField = (parent: string, field: string) => {
    for (const name of [parent, ...(types.get(parent)?.objects ?? [])]) {
      const guarded = types.get(name)?.fields.get(field)
      add(guarded?.rules)
      if (guarded) addType(guarded.type)
    }
  }
  const addFrom = ({ selections }: SelectionSetNode, parent: string): void => {
    addType(parent)
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) {
        addField(parent, selection.name.value)
        const type = types.get(parent)?.fields.get(selection.name.value)?.type
        if (selection.selectionSet && type !== undefined) addFrom(selection.selectionSet, type)
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        addFrom(selection.selectionSet, selection.typeCondition?.name.value ?? parent)
      } else if (!spread.has(selection.name.value)) {
        spread.add(selection.name.value)
        const fragment = fragments.get(selection.name.value)
        if (fragment) addFrom(fragment.selectionSet, fragment.typeCondition.name.value)
      }
    }
  }
  addFrom(selectionSet, rootType)
  return [...met].sort((one, other) => one - other)
}
