import {
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql'
import type { Denials } from './denials.ts'

/** Response keys from the root on; of what is in lists, without indices. */
export type Position = readonly string[]

/** So many of one operation are looked for. */
const MAX_POSITIONS = 100

/** An operation as far as a request's `@skip` and `@include` leave it. */
export interface ConsideredOperation {
  readonly operation: OperationDefinitionNode
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>
  readonly includes: (selection: SelectionNode) => boolean
  /** The name of it. */
  readonly rootType: string
}

/**
 * Where an operation selects what is denied on whatever object it may be selected of. What is below such a field is not
 * looked at; at most {@link MAX_POSITIONS}.
 */
export function deniedPositions(considered: ConsideredOperation, denials: Denials): readonly Position[] {
  const search = new PositionSearch(considered, denials)
  const { operation, rootType } = considered
  search.addFrom(operation.selectionSet, { type: rootType, objects: [rootType], position: [] })
  return [...search.found.values()]
}

/** Objects that something is selected of. */
interface Parent {
  /** What they are known as. */
  readonly type: string
  /** What they may be. */
  readonly objects: readonly string[]
  readonly position: Position
}

class PositionSearch {
  readonly found = new Map<string, Position>()
  readonly #considered: ConsideredOperation
  readonly #denials: Denials

  constructor(considered: ConsideredOperation, denials: Denials) {
    this.#considered = considered
    this.#denials = denials
  }

  addFrom({ selections }: SelectionSetNode, parent: Parent): void {
    for (const selection of selections) {
      if (this.found.size === MAX_POSITIONS) return
      if (!this.#considered.includes(selection)) continue
      if (selection.kind === Kind.FIELD) this.#addField(selection, parent)
      else this.#addFragment(selection, parent)
    }
  }

  #addField(field: FieldNode, { type, objects, position }: Parent): void {
    const name = field.name.value
    if (name.startsWith('__')) return
    const at = [...position, field.alias?.value ?? name]
    if (objects.every((object) => this.#denials.deniesField(type, object, name))) {
      this.found.set(JSON.stringify(at), at)
      return
    }
    const returned = this.#denials.returnedBy(type, name)
    if (!field.selectionSet || returned === undefined) return
    this.addFrom(field.selectionSet, { type: returned, objects: this.#denials.objectsOf(returned), position: at })
  }

  #addFragment(selection: Exclude<SelectionNode, FieldNode>, parent: Parent): void {
    const isSpread = selection.kind === Kind.FRAGMENT_SPREAD
    const fragment = isSpread ? this.#considered.fragments.get(selection.name.value) : selection
    if (!fragment) return
    const type = fragment.typeCondition?.name.value ?? parent.type
    const narrower = new Set(this.#denials.objectsOf(type))
    const objects = parent.objects.filter((object) => narrower.has(object))
    if (objects.length > 0) this.addFrom(fragment.selectionSet, { ...parent, type, objects })
  }
}
