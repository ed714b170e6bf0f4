import {
  type ArgumentNode,
  type DirectiveNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  getOperationAST,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
  visit,
} from 'graphql'
import { prunedDocument } from '../authorization/pruned-document.ts'
import { fragmentsOf } from '../fragments-of.ts'
import { LimitExceededError } from '../protection/limit-exceeded-error.ts'
import { type DeferChoice, deferArgument } from './incremental-choice.ts'

/** Of one operation, with its fragments written out: for each, the planner looks for fetches that can be put off. */
const MAX_DEFERRED = 30

/** An operation as it is planned when some of its fragments are deferred. */
export interface DeferredDocument {
  /** Of this operation alone. Each `@defer` in it has a label of its own, a number that counts from 0. */
  readonly document: DocumentNode
  /** What the client calls each of them; undefined where it has no label. */
  readonly labels: readonly (string | undefined)[]
}

/**
 * Leaves of an operation only those `@defer` that are chosen, and writes the fragments that have one out where they are
 * spread, so that each stands for one place in the operation.
 *
 * @throws LimitExceededError when they are too many.
 */
export function deferredDocument(
  document: DocumentNode,
  operationName: string | undefined,
  choice: DeferChoice,
): DeferredDocument {
  const operation = getOperationAST(document, operationName)
  if (!operation) throw new Error('The document has no such operation.')
  const rewriter = new DeferRewriter(document, choice)
  const rewritten = { ...operation, selectionSet: rewriter.selectionSet(operation.selectionSet) }
  return { document: prunedDocument(rewritten, rewriter.plainFragments()), labels: rewriter.labels }
}

class DeferRewriter {
  readonly labels: (string | undefined)[] = []
  readonly #choice: DeferChoice
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>
  readonly #deferring = new Map<string, boolean>()

  constructor(document: DocumentNode, choice: DeferChoice) {
    this.#choice = choice
    this.#fragments = fragmentsOf(document)
  }

  selectionSet({ selections, ...set }: SelectionSetNode): SelectionSetNode {
    return { ...set, selections: selections.map((selection) => this.#selection(selection)) }
  }

  /** Those that nothing is deferred in. */
  plainFragments(): Map<string, FragmentDefinitionNode> {
    const plain = [...this.#fragments].filter(([name]) => !this.#isDeferring(name))
    return new Map(
      plain.map(([name, fragment]) => [name, { ...fragment, selectionSet: this.selectionSet(fragment.selectionSet) }]),
    )
  }

  #selection(selection: SelectionNode): SelectionNode {
    if (selection.kind === Kind.FIELD) {
      return selection.selectionSet
        ? { ...selection, selectionSet: this.selectionSet(selection.selectionSet) }
        : selection
    }
    const mark = selection.directives?.find(({ name }) => name.value === 'defer')
    const isDeferred = mark !== undefined && this.#choice.isDeferred(mark)
    const directives = this.#directives(selection.directives, isDeferred)
    if (selection.kind === Kind.INLINE_FRAGMENT) {
      return { ...selection, directives, selectionSet: this.selectionSet(selection.selectionSet) }
    }
    const fragment = this.#fragments.get(selection.name.value)
    if (!fragment || !(isDeferred || this.#isDeferring(selection.name.value))) return { ...selection, directives }
    const { typeCondition, selectionSet } = fragment
    return { kind: Kind.INLINE_FRAGMENT, typeCondition, directives, selectionSet: this.selectionSet(selectionSet) }
  }

  #directives(directives: readonly DirectiveNode[] = [], isDeferred: boolean): readonly DirectiveNode[] {
    return directives.flatMap((directive) => {
      if (directive.name.value !== 'defer') return [directive]
      return isDeferred ? [this.#numbered(directive)] : []
    })
  }

  #numbered(directive: DirectiveNode): DirectiveNode {
    if (this.labels.length === MAX_DEFERRED) {
      throw new LimitExceededError(
        'deferred',
        `The operation has more than ${MAX_DEFERRED} deferred fragments; that is the limit.`,
      )
    }
    const label = deferArgument(directive, 'label')?.value
    const number = String(this.labels.length)
    this.labels.push(label?.kind === Kind.STRING ? label.value : undefined)
    return { ...directive, arguments: [labelled(number)] }
  }

  /** Whether anything is deferred in a fragment, or in one that it spreads. */
  #isDeferring(name: string): boolean {
    const known = this.#deferring.get(name)
    if (known !== undefined) return known
    this.#deferring.set(name, false)
    let isDeferring = false
    const fragment = this.#fragments.get(name)
    if (fragment) {
      visit(fragment, {
        Directive: (directive) => {
          if (directive.name.value === 'defer' && this.#choice.isDeferred(directive)) isDeferring = true
        },
        FragmentSpread: (spread) => {
          if (this.#isDeferring(spread.name.value)) isDeferring = true
        },
      })
    }
    this.#deferring.set(name, isDeferring)
    return isDeferring
  }
}

function labelled(label: string): ArgumentNode {
  return {
    kind: Kind.ARGUMENT,
    name: { kind: Kind.NAME, value: 'label' },
    value: { kind: Kind.STRING, value: label },
  }
}
