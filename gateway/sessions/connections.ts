import type { Admission } from './admission.ts'
import { type Connection, type Drain, sendElsewhere } from './drain.ts'

/** The connections of one transport that are open; the admission counts them with those of the others. */
export class Connections<Kind extends Connection> {
  readonly #admission: Admission
  readonly #open = new Set<Kind>()
  #allGone = Promise.withResolvers<void>()
  #isDraining = false

  constructor(admission: Admission) {
    this.#admission = admission
  }

  get size(): number {
    return this.#open.size
  }

  /** Whether new ones are to be refused, because the process stops. */
  get isDraining(): boolean {
    return this.#isDraining
  }

  add(connection: Kind): Kind {
    this.#open.add(connection)
    this.#admission.opened()
    return connection
  }

  /** It is over; a second time changes nothing. */
  remove(connection: Kind): void {
    if (!this.#open.delete(connection)) return
    this.#admission.closed()
    if (this.#open.size > 0) return
    this.#allGone.resolve()
    this.#allGone = Promise.withResolvers()
  }

  /** Sends every client elsewhere, one after the other; whoever has not left in time is cut off. */
  drain(withinMs: number): Drain {
    this.#isDraining = true
    if (this.#open.size === 0) return { told: Promise.resolve(), over: Promise.resolve() }
    const gone = this.#allGone.promise
    const { told, over } = sendElsewhere([...this.#open], gone, withinMs)
    return { told, over: over.then(() => gone) }
  }
}
