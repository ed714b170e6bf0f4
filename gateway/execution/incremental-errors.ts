import type { DeferredWork } from './plan/deferral.ts'

type Path = readonly (string | number)[]

/** A part of an answer, as it is told. */
interface ToldPart {
  readonly path: Path
  readonly data: Readonly<Record<string, unknown>> | null
}

/**
 * What failed in an execution, until it is told in the part of the answer that has the field: a fetch may be for several
 * parts, and what is deferred may have been fetched with what is not. The time that it takes to find them does not grow
 * with the number of parts.
 */
export class DeferredErrors {
  readonly #added = new Set<DeferredWork>()
  readonly #untold = new Set<unknown>()
  /** Those without a path, and by each start of their paths those that have one. */
  readonly #pathless = new Set<unknown>()
  readonly #under = new Map<string, Set<unknown>>()
  /** How many parts are still to come, by their path. */
  readonly #expected = new Map<string, number>()

  /** A part is to come at this path. */
  expect(path: Path): void {
    const key = keyOf(path)
    this.#expected.set(key, (this.#expected.get(key) ?? 0) + 1)
  }

  add(errors: readonly unknown[]): void {
    for (const error of errors) {
      this.#untold.add(error)
      const path = pathOf(error)
      if (!path) this.#pathless.add(error)
      for (const key of startsOf(path)) {
        const same = this.#under.get(key)
        if (same) same.add(error)
        else this.#under.set(key, new Set([error]))
      }
    }
  }

  /** Adds what failed in the work for some parts, unless it was added for another of them. */
  addOnce(work: DeferredWork): void {
    if (this.#added.has(work)) return
    this.#added.add(work)
    this.add(work.errors)
  }

  /** What is to be told with the first part. */
  takeForFirst(data: ToldPart['data']): unknown[] {
    return this.#take({ path: [], data })
  }

  /** What is to be told with a part that was expected: what it has, or no other one may have. */
  takeFor(part: ToldPart): unknown[] {
    const key = keyOf(part.path)
    const left = (this.#expected.get(key) ?? 0) - 1
    if (left > 0) this.#expected.set(key, left)
    else this.#expected.delete(key)
    return this.#take(part)
  }

  #take(part: ToldPart): unknown[] {
    if (this.#untold.size === 0) return []
    const isLast = this.#expected.size === 0
    const own = this.#under.get(keyOf(part.path)) ?? []
    const told = isLast ? [...this.#untold] : [...this.#pathless, ...own].filter((it) => !this.#isOfOther(it, part))
    for (const error of told) {
      this.#untold.delete(error)
      this.#pathless.delete(error)
      for (const key of startsOf(pathOf(error))) this.#under.get(key)?.delete(error)
    }
    return told
  }

  #isOfOther(error: unknown, part: ToldPart): boolean {
    const path = pathOf(error)
    return path !== undefined && !isIn(part, path) && startsOf(path).some((key) => this.#expected.has(key))
  }
}

function keyOf(path: Path): string {
  return JSON.stringify(path)
}

/** The keys of a path and of all that it is below. */
function startsOf(path: Path | undefined): string[] {
  if (!path) return []
  return Array.from({ length: path.length + 1 }, (_, length) => keyOf(path.slice(0, length)))
}

function pathOf(error: unknown): Path | undefined {
  return (error as { readonly path?: Path } | null)?.path
}

/** Whether a part has the field of a path below its own, or null on the way there. */
function isIn({ path: start, data }: ToldPart, path: Path): boolean {
  let value: unknown = data
  for (const key of path.slice(start.length)) {
    if (typeof value !== 'object' || value === null) return true
    if (!Object.hasOwn(value, key)) return false
    value = (value as Record<string | number, unknown>)[key]
  }
  return true
}
