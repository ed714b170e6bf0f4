import type { FetchDataKeyRenamer } from '@apollo/query-planner'
import { isOneOf, type RewriteStep, rewriteSteps } from './data-rewrites.ts'
import { isJsonObject, type JsonObject, readOwn, writeOwn } from './own-property.ts'
import type { ResponsePath, Targets } from './target-path.ts'
import type { TypeConditions } from './type-conditions.ts'

const UP = '..'

/**
 * The arguments that a subgraph takes from what is above an entity (`@fromContext`): variables of the fetch whose values
 * differ from one entity to the next.
 */
export class ContextArguments {
  readonly names: ReadonlySet<string>
  readonly #sources: readonly ContextSource[]

  constructor(rewrites: readonly FetchDataKeyRenamer[], conditions: TypeConditions) {
    this.names = new Set(rewrites.map(({ renameKeyTo }) => renameKeyTo))
    this.#sources = rewrites.map((rewrite) => new ContextSource(rewrite, conditions))
  }

  /** Parts targets by the values that their arguments have. */
  partition(targets: Targets, data: JsonObject): { targets: Targets; values: JsonObject }[] {
    const parts = new Map<string, { members: number[]; values: JsonObject }>()
    for (const target of targets.objects.keys()) {
      const values = this.#valuesAt(targets.pathOf(target), data)
      const key = JSON.stringify(values)
      const part = parts.get(key)
      if (part) part.members.push(target)
      else parts.set(key, { members: [target], values })
    }
    return [...parts.values()].map(({ members, values }) => ({ targets: targets.pick(members), values }))
  }

  #valuesAt(path: ResponsePath, data: JsonObject): JsonObject {
    const values: JsonObject = {}
    for (const source of this.#sources) {
      const value = Object.hasOwn(values, source.name) ? undefined : source.valueAt(path, data)
      if (value !== undefined) writeOwn(values, source.name, value)
    }
    return values
  }
}

/** One place that an argument may come from: there is one for each type that may be above the entity. */
class ContextSource {
  readonly name: string
  readonly #up: number
  readonly #steps: readonly RewriteStep[]

  constructor({ path, renameKeyTo }: FetchDataKeyRenamer, conditions: TypeConditions) {
    this.name = renameKeyTo
    this.#up = path.findIndex((part) => part !== UP)
    this.#steps = rewriteSteps(path.slice(this.#up), conditions)
  }

  valueAt(path: ResponsePath, data: JsonObject): unknown {
    let value: unknown = data
    for (const key of above(path, this.#up)) value = isList(value) ? value[Number(key)] : field(value, String(key))
    for (const step of this.#steps) {
      if ('field' in step) value = field(value, step.field)
      else if (isJsonObject(value) && !isOneOf(step.types, value)) return undefined
    }
    return value
  }
}

/** The path that is so many fields higher up. Indexes are left out with the field of their list. */
function above(path: ResponsePath, fields: number): ResponsePath {
  let end = path.length
  for (let left = fields; left > 0 && end > 0; left -= 1) {
    do end -= 1
    while (end > 0 && typeof path[end] === 'number')
  }
  return path.slice(0, end)
}

function isList(value: unknown): value is unknown[] {
  return Array.isArray(value)
}

function field(value: unknown, key: string): unknown {
  return isJsonObject(value) ? readOwn(value, key) : undefined
}
