import { type CompiledOperation, type OperationInput, type OperationResult, resultOf } from './compiled-operation.ts'
import { AbandonedError } from './deadline.ts'
import { DeferredErrors } from './incremental-errors.ts'
import { Deferral, type DeferredWork } from './plan/deferral.ts'
import type { PlanRun } from './plan/plan-run.ts'
import type { DeferredPart, ProjectedPart } from './projection/deferred-part.ts'

/** A part of an answer that is still to come. */
export interface PendingPart {
  /** Of this part and no other of its answer. */
  readonly id: string
  readonly path: readonly (string | number)[]
  /** What the client calls its fragment; undefined where it has no name for it. */
  readonly label: string | undefined
}

/** What comes of one part of an answer. Errors are as they were thrown. */
export interface AnsweredPart {
  readonly part: PendingPart
  /** Null because of something in it that must not be null. */
  readonly result: OperationResult
}

/** What is told at once. */
export interface AnswerPiece {
  /** Empty for the first piece, which has a result of its own. */
  readonly answered: readonly AnsweredPart[]
  /** Parts within these that are still to come. */
  readonly pending: readonly PendingPart[]
  /** Whether more pieces follow. */
  readonly hasNext: boolean
}

/** One whose work is over, and may be told. */
interface ReadyPart {
  readonly part: ExpectedPart
  readonly work: DeferredWork
}

interface ExpectedPart extends PendingPart {
  readonly projected: DeferredPart
}

/**
 * One execution of an operation whose answer comes in pieces: first what is not deferred, then each part when what it
 * selects has been fetched and the part that its object is in was told. Parts that are ready at once come in one piece.
 */
export class IncrementalRun {
  readonly #operation: CompiledOperation
  readonly #run: PlanRun
  readonly #deferral = new Deferral()
  readonly #abandonment = new AbortController()
  readonly #errors = new DeferredErrors()
  readonly #expected = new Set<ExpectedPart>()
  #ready: ReadyPart[] = []
  #wake = () => {}
  #ids = 0
  readonly #signal: AbortSignal
  readonly #abandon = () => this.#abandonment.abort(this.#signal.reason)

  constructor(operation: CompiledOperation, { variables, sources, context }: OperationInput) {
    this.#operation = operation
    this.#signal = context.signal
    const ownContext = { ...context, signal: this.#abandonment.signal }
    this.#run = {
      data: Object.create(null),
      errors: [],
      variables,
      sources,
      context: ownContext,
      event: undefined,
      deferral: this.#deferral,
    }
  }

  /** The first piece, and the result in it. Called once, before all others. Never rejects. */
  async first(): Promise<AnswerPiece & { readonly result: OperationResult }> {
    if (this.#signal.aborted) this.#abandon()
    this.#signal.addEventListener('abort', this.#abandon)
    const { plan, projection } = this.#operation
    await plan?.run(this.#run)
    const { data, variables, errors } = this.#run
    const projected = attempt(() => projection.project(data, variables))
    const pending = this.#expectAll(projected)
    this.#errors.add(errors)
    const result = attemptedResult(projected, this.#errors.takeForFirst(projected.data))
    return { answered: [], pending, hasNext: this.#goOn(), result }
  }

  /** The next piece; undefined when there is none. Not to be called while it is awaited. Never rejects. */
  async next(): Promise<AnswerPiece | undefined> {
    if (this.#expected.size === 0) return undefined
    if (this.#ready.length === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    const answered: AnsweredPart[] = []
    const pending: PendingPart[] = []
    const ready = this.#ready
    this.#ready = []
    for (const { part, work } of ready) {
      const projected = attempt(() => part.projected.project(this.#run.data, this.#run.variables))
      this.#expected.delete(part)
      this.#errors.addOnce(work)
      pending.push(...this.#expectAll(projected))
      const place = { path: part.path, data: projected.data }
      answered.push({ part, result: attemptedResult(projected, this.#errors.takeFor(place)) })
    }
    return { answered, pending, hasNext: this.#goOn() }
  }

  /** Nobody asks for the rest: what is under way for it is given up. */
  stop(): void {
    this.#signal.removeEventListener('abort', this.#abandon)
    this.#expected.clear()
    this.#abandonment.abort(new AbandonedError())
    this.#wake()
  }

  #expectAll({ deferred }: Attempted): PendingPart[] {
    return deferred.map((projected) => {
      const { path, number } = projected
      const part = { id: String(this.#ids), path, label: this.#operation.deferredLabels[Number(number)], projected }
      this.#ids += 1
      this.#expected.add(part)
      this.#errors.expect(path)
      void this.#deferral.workFor(number).then((work) => {
        this.#ready.push({ part, work })
        this.#wake()
      })
      return part
    })
  }

  /** @returns whether there is more to come; if not, what nobody will be told of is given up. */
  #goOn(): boolean {
    if (this.#expected.size === 0) this.stop()
    return this.#expected.size > 0
  }
}

/** A projection; thrown errors are its own. */
type Attempted = Pick<ProjectedPart, 'data' | 'faults' | 'denied' | 'deferred'> & { readonly thrown?: unknown }

function attempt(project: () => ProjectedPart): Attempted {
  try {
    return project()
  } catch (thrown) {
    return { data: null, faults: [], deferred: [], thrown }
  }
}

function attemptedResult({ thrown, ...projected }: Attempted, failed: readonly unknown[]): OperationResult {
  return thrown === undefined ? resultOf(projected, failed) : { errors: [thrown], data: null }
}
