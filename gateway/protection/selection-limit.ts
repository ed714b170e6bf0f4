import type { DocumentNode } from 'graphql'
import { measureExpanded, sum } from './fragment-expansion.ts'
import { LimitExceededError } from './limit-exceeded-error.ts'

/** Validation and planning write fragments out: the time they take grows with this. */
const MAX_SELECTIONS = 10_000

/**
 * Looks at every definition, because validation does: at fragments too that no operation spreads.
 *
 * @throws LimitExceededError when an operation, or a fragment, comes to too many selections with its fragments written out.
 */
export function checkSelections(document: DocumentNode): void {
  const selectionsOf = measureExpanded(document, { count: (_selection, below) => below + 1, combine: sum })
  for (const definition of document.definitions) {
    const selections = 'selectionSet' in definition && definition.selectionSet ? selectionsOf(definition) : 0
    if (selections > MAX_SELECTIONS) {
      throw new LimitExceededError(
        'selections',
        `The operation has ${selections} selections with its fragments written out; the limit is ${MAX_SELECTIONS}.`,
      )
    }
  }
}
