import type { SubgraphResponse } from '../subgraph-response.ts'
import { Deferral } from './deferral.ts'
import { FetchSlots } from './fetch-slots.ts'
import { addMissing, merge } from './merge.ts'
import type { PlanRun } from './plan-run.ts'
import type { FoundEntities, WantedEntities } from './wanted-entities.ts'

/** One run of a plan, or of a deferred part of it, with what its fetches share. */
export class Execution {
  readonly run: PlanRun
  readonly slots: FetchSlots
  /** Fetches that another one may turn out to be identical with. What they answer is never written into. */
  readonly identical: Map<string, Promise<SubgraphResponse>>
  /** What fetches that begin together both want; whoever adds to the data clears it. */
  readonly found: Map<WantedEntities, FoundEntities>
  readonly deferral: Deferral
  /** Adds answers to the data. What a deferred part fetches again replaces nothing: others have told it, or will. */
  readonly merge: typeof merge

  /** @param whole what this is a part of. */
  constructor(run: PlanRun, whole?: Execution) {
    this.run = run
    this.slots = whole?.slots ?? new FetchSlots()
    this.identical = whole?.identical ?? new Map()
    this.found = whole?.found ?? new Map()
    this.deferral = whole?.deferral ?? run.deferral ?? new Deferral()
    this.merge = whole ? addMissing : merge
  }

  /** @param errors where what fails in the part goes. */
  forPart(errors: unknown[]): Execution {
    return new Execution({ ...this.run, errors }, this)
  }
}
