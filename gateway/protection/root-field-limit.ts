import { type DocumentNode, Kind } from 'graphql'
import { measureExpanded, sum } from './fragment-expansion.ts'
import { LimitExceededError } from './limit-exceeded-error.ts'
import { operationsOf } from './operations-of.ts'

/** Counts the fields at an operation's root, aliased ones and those in fragments too. */
export function countRootFields(document: DocumentNode) {
  return measureExpanded(document, {
    count: (selection, below) => (selection.kind === Kind.FIELD ? 1 : below),
    combine: sum,
  })
}

/** @throws LimitExceededError when an operation has more than `limit` fields at its root, aliased or in fragments. */
export function checkRootFields(document: DocumentNode, limit: number): void {
  const fieldsOf = countRootFields(document)
  for (const operation of operationsOf(document)) {
    const fields = fieldsOf(operation)
    if (fields > limit)
      throw new LimitExceededError('root_fields', `The operation has ${fields} root fields; the limit is ${limit}.`)
  }
}
