import type { OperationContext } from '../operation-context.ts'
import type { SubgraphResponse } from '../subgraph-response.ts'
import type { SubgraphSource } from '../subgraph-source.ts'
import type { Deferral } from './deferral.ts'

/** One execution of a plan: what it is given, and where it puts what comes of it. */
export interface PlanRun {
  /** What has been fetched, by the response keys of the root fields. Has no prototype; is written into. */
  readonly data: Record<string, unknown>
  /** What failed, in the order of its failing; at most {@link MAX_ERRORS} and one that says that there were more. */
  readonly errors: unknown[]
  /** As the client sent them; the operation's defaults stand for those that are missing. */
  readonly variables: Readonly<Record<string, unknown>>
  /** Every subgraph of the supergraph, by its name. */
  readonly sources: ReadonlyMap<string, SubgraphSource>
  readonly context: OperationContext
  /** A subscription's event, in place of its primary fetch. It is only read: several runs may share it. */
  readonly event: SubgraphResponse | undefined
  /** Where deferred parts tell that they are fetched; absent for who does not wait for them. */
  readonly deferral?: Deferral | undefined
}

/** Of one operation: an answer must not be made of thousands of errors. */
export const MAX_ERRORS = 1_000
