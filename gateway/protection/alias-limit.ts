import { type DocumentNode, Kind } from 'graphql'
import { measureExpanded, sum } from './fragment-expansion.ts'
import { LimitExceededError } from './limit-exceeded-error.ts'
import { operationsOf } from './operations-of.ts'

/** @throws LimitExceededError when an operation has more than `limit` aliases, those in its fragments included. */
export function checkAliases(document: DocumentNode, limit: number): void {
  const aliasesOf = measureExpanded(document, {
    count: (selection, below) => below + (selection.kind === Kind.FIELD && selection.alias ? 1 : 0),
    combine: sum,
  })
  for (const operation of operationsOf(document)) {
    const aliases = aliasesOf(operation)
    if (aliases > limit)
      throw new LimitExceededError('aliases', `The operation has ${aliases} aliases; the limit is ${limit}.`)
  }
}
