import { GraphQLError } from 'graphql'

/** Of one answer: each takes a stack trace to make, and a list may be long. */
const MAX_FAULTS = 1_000

/** The same for what a viewer may not see. */
const MAX_DENIED = 100

/** A fragment that is deferred, on objects of one runtime type. */
export interface DeferredSelection {
  /** Of the `@defer` in its operation. */
  readonly number: string
  /** What it selects of an object; undefined when that is null. */
  complete(
    data: Readonly<Record<string, unknown>>,
    completion: Completion,
    depth: number,
  ): Record<string, unknown> | undefined
}

/** An object that a deferred fragment is on. */
export interface DeferredObject {
  readonly fragment: DeferredSelection
  readonly path: readonly (string | number)[]
}

/** One projection while it runs: where it is in the answer, and what it has found wrong. */
export class Completion {
  /** What values that do not fit their type had to be made null for; at most {@link MAX_FAULTS}. */
  readonly faults: GraphQLError[] = []
  /** Where something is null because the viewer may not see it; at most {@link MAX_DENIED}. */
  readonly denied: (string | number)[][] = []
  /** Of what comes later, in the order of the answer; of what becomes null as well. */
  readonly deferred: DeferredObject[] = []
  readonly variables: Readonly<Record<string, unknown>>
  /** The response keys on the way to the value that is completed; what is beyond its depth is left from others. */
  readonly keys: (string | number)[] = []

  constructor(variables: Readonly<Record<string, unknown>>) {
    this.variables = variables
  }

  /** @param depth how many of the keys lead to the value. */
  fault(message: string, depth: number): void {
    if (this.faults.length === MAX_FAULTS) return
    const path = this.keys.slice(0, depth)
    this.faults.push(new GraphQLError(message, { path, extensions: { code: 'INVALID_GRAPHQL' } }))
  }

  /** @param depth how many of the keys lead to what the viewer may not see. */
  deny(depth: number): void {
    if (this.denied.length < MAX_DENIED) this.denied.push(this.keys.slice(0, depth))
  }

  /** @param depth how many of the keys lead to the object. */
  defer(fragment: DeferredSelection, depth: number): void {
    this.deferred.push({ fragment, path: this.keys.slice(0, depth) })
  }

  /** The way to a value, for a log. */
  wayTo(depth: number): string {
    return this.keys.slice(0, depth).join('.')
  }
}
