import { type DocumentNode, type ListValueNode, visit } from 'graphql'
import { LimitExceededError } from './limit-exceeded-error.ts'

/** Elements of one list that a client gives as input. */
export const MAX_LIST_LENGTH = 100

/** @throws LimitExceededError when a list that is written into the document is too long. */
export function checkListLiterals(document: DocumentNode): void {
  visit(document, {
    ListValue({ values }: ListValueNode) {
      if (values.length > MAX_LIST_LENGTH) throw listTooLong('operation', values.length)
    },
  })
}

export function listTooLong(where: 'operation' | 'variables' | 'extensions', length: number): LimitExceededError {
  return new LimitExceededError(
    'lists',
    `A list in the ${where} has ${length} elements; the limit is ${MAX_LIST_LENGTH}.`,
  )
}
