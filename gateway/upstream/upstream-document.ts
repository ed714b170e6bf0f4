import {
  type FieldNode,
  type FragmentDefinitionNode,
  getOperationAST,
  Kind,
  type OperationDefinitionNode,
  parse,
  print,
  type SelectionNode,
  type SelectionSetNode,
  stripIgnoredCharacters,
  type VariableDefinitionNode,
  visit,
} from 'graphql'
import { fragmentsOf } from '../fragments-of.ts'

/** A planned operation that can be edited at its root field. Every edit makes another one. */
export class UpstreamDocument {
  readonly #operation: OperationDefinitionNode
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>

  private constructor(operation: OperationDefinitionNode, fragments: ReadonlyMap<string, FragmentDefinitionNode>) {
    this.#operation = operation
    this.#fragments = fragments
  }

  /** @param query one operation, and the fragments that it needs. */
  static parse(query: string): UpstreamDocument {
    const document = parse(query, { noLocation: true })
    const operation = getOperationAST(document)
    if (!operation) throw new Error('The plan of a subscription subscribes to nothing.')
    return new UpstreamDocument(operation, fragmentsOf(document))
  }

  get variableDefinitions(): readonly VariableDefinitionNode[] {
    return this.#operation.variableDefinitions ?? []
  }

  /** A subscription has one root field, which may be written in several parts, under conditions. */
  get rootField(): FieldNode | undefined {
    const first = ({ selections }: SelectionSetNode): FieldNode | undefined => {
      for (const selection of selections.map((it) => this.#unfold(it))) {
        const field = selection.kind === Kind.FIELD ? selection : first(selection.selectionSet)
        if (field) return field
      }
      return undefined
    }
    return first(this.#operation.selectionSet)
  }

  /** Edits every part of the root field. */
  edit(edited: (field: FieldNode) => FieldNode): UpstreamDocument {
    const within = (set: SelectionSetNode): SelectionSetNode => ({ ...set, selections: set.selections.map(editedIn) })
    const editedIn = (selection: SelectionNode): SelectionNode => {
      const unfolded = this.#unfold(selection)
      if (unfolded.kind === Kind.FIELD) return edited(unfolded)
      return { ...unfolded, selectionSet: within(unfolded.selectionSet) }
    }
    const { selectionSet } = this.#operation
    return new UpstreamDocument({ ...this.#operation, selectionSet: within(selectionSet) }, this.#fragments)
  }

  /** Declares a variable, and no longer those that nothing uses: they are an error. */
  declare(variable: VariableDefinitionNode): UpstreamDocument {
    const used = new Set<string>()
    for (const part of [{ ...this.#operation, variableDefinitions: [] }, ...this.#usedFragments()]) {
      visit(part, { Variable: ({ name }) => void used.add(name.value) })
    }
    const kept = this.variableDefinitions.filter((it) => used.has(it.variable.name.value))
    return new UpstreamDocument({ ...this.#operation, variableDefinitions: [...kept, variable] }, this.#fragments)
  }

  /** Without the fragments that nothing uses, and without what GraphQL ignores. */
  toString(): string {
    const definitions = [this.#operation, ...this.#usedFragments()]
    return stripIgnoredCharacters(print({ kind: Kind.DOCUMENT, definitions }))
  }

  #usedFragments(): Set<FragmentDefinitionNode> {
    const used = new Set<FragmentDefinitionNode>()
    const look = (part: OperationDefinitionNode | FragmentDefinitionNode) =>
      visit(part, {
        FragmentSpread: ({ name }) => {
          const fragment = this.#fragments.get(name.value)
          if (!fragment || used.has(fragment)) return
          used.add(fragment)
          look(fragment)
        },
      })
    look(this.#operation)
    return used
  }

  /** A named fragment, written where it is spread: elsewhere it may be spread on a field that is not the root's. */
  #unfold(selection: SelectionNode) {
    if (selection.kind !== Kind.FRAGMENT_SPREAD) return selection
    const fragment = this.#fragments.get(selection.name.value)
    if (!fragment) throw new Error(`The plan of a subscription lacks the fragment ${selection.name.value}.`)
    const { typeCondition, selectionSet } = fragment
    return { kind: Kind.INLINE_FRAGMENT, typeCondition, directives: selection.directives ?? [], selectionSet } as const
  }
}
