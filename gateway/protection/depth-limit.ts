import { type DocumentNode, Kind, type SelectionNode } from 'graphql'
import { measureExpanded } from './fragment-expansion.ts'
import { LimitExceededError } from './limit-exceeded-error.ts'
import { operationsOf } from './operations-of.ts'

/** graphql-js bounds what is below these itself, by its MaxIntrospectionDepthRule. */
const INTROSPECTION = new Set(['__schema', '__type'])

/** @throws LimitExceededError when fields stand in one another more than `limit` levels deep. */
export function checkDepth(document: DocumentNode, limit: number): void {
  const depthOf = measureExpanded(document, { count: depthWith, combine: Math.max })
  for (const operation of operationsOf(document)) {
    const depth = depthOf(operation)
    if (depth > limit) {
      throw new LimitExceededError('depth', `The operation nests fields ${depth} levels deep; the limit is ${limit}.`)
    }
  }
}

function depthWith(selection: SelectionNode, below: number): number {
  if (selection.kind !== Kind.FIELD) return below
  return INTROSPECTION.has(selection.name.value) ? 0 : below + 1
}
