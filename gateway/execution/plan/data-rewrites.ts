import type { FetchDataRewrite } from '@apollo/query-planner'
import { isJsonObject, type JsonObject, readOwn, writeOwn } from './own-property.ts'
import type { TypeConditions } from './type-conditions.ts'

const TYPE_CONDITION = '... on '

/** One step of a path through data: a field, or the types that an object must be of for the path to go on. */
export type RewriteStep = { readonly field: string } | { readonly types: ReadonlySet<string> }

/** The steps of a path in the planner's notation. */
export function rewriteSteps(path: readonly string[], conditions: TypeConditions): RewriteStep[] {
  return path.map((part) =>
    part.startsWith(TYPE_CONDITION)
      ? { types: conditions.satisfying(part.slice(TYPE_CONDITION.length)) }
      : { field: part },
  )
}

/** Whether a path goes on through an object. One that does not say its type is taken for the right one. */
export function isOneOf(types: ReadonlySet<string>, { __typename: type }: JsonObject): boolean {
  return !type || (typeof type === 'string' && types.has(type))
}

/** A change that a plan makes to what is sent to a subgraph, or to what it answers: it is made in place. */
export class DataRewrite {
  readonly #steps: readonly RewriteStep[]
  readonly #change: (object: JsonObject) => void

  private constructor(steps: readonly RewriteStep[], change: (object: JsonObject) => void) {
    this.#steps = steps
    this.#change = change
  }

  static compileAll(rewrites: readonly FetchDataRewrite[] | undefined, conditions: TypeConditions): DataRewrite[] {
    return (rewrites ?? []).map((rewrite) => {
      const field = rewrite.path.at(-1)
      if (field === undefined || field.startsWith(TYPE_CONDITION)) throw new Error('A rewrite must end in a field.')
      return new DataRewrite(rewriteSteps(rewrite.path.slice(0, -1), conditions), changeOf(rewrite, field))
    })
  }

  /** @param value of any shape; where the path does not lead anywhere nothing changes. */
  apply(value: unknown): void {
    this.#applyFrom(0, value)
  }

  #applyFrom(position: number, value: unknown): void {
    if (Array.isArray(value)) {
      for (const element of value) this.#applyFrom(position, element)
    } else if (isJsonObject(value)) {
      const step = this.#steps[position]
      if (!step) this.#change(value)
      else if ('field' in step) this.#applyFrom(position + 1, readOwn(value, step.field))
      else if (isOneOf(step.types, value)) this.#applyFrom(position + 1, value)
    }
  }
}

function changeOf(rewrite: FetchDataRewrite, field: string): (object: JsonObject) => void {
  if (rewrite.kind === 'ValueSetter') return (object) => writeOwn(object, field, rewrite.setValueTo)
  return (object) => {
    const value = readOwn(object, field)
    if (value === undefined) return
    writeOwn(object, rewrite.renameKeyTo, value)
    // Deleting it would make all further reads of the object slow; undefined is as good as not there.
    object[field] = undefined
  }
}
