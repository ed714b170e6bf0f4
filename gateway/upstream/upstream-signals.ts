import type { FormattedExecutionResult, GraphQLFormattedError } from 'graphql'
import { isError } from '../execution/subgraph-response.ts'

/**
 * What a payload says to the gateway and not to its client: where the stream begins, that its server stops, or that
 * nothing comes of it.
 */
export interface UpstreamSignals {
  /** The position that the stream begins after. */
  readonly opensAt?: unknown
  /** Within how many milliseconds it should be opened again, over a new connection; then this is its last payload. */
  readonly reconnectWithinMs?: number
  /** The subgraph did not subscribe, and why: at least one error; then this is its last payload. */
  readonly refusal?: readonly GraphQLFormattedError[]
  /** There is an event, but it could not be told, and why: at least one error. */
  readonly failure?: readonly GraphQLFormattedError[]
  /** There is nothing in it for the client. */
  readonly isEmpty?: boolean
}

const NOTHING: UpstreamSignals = {}

const NO_REASONS: readonly GraphQLFormattedError[] = [{ message: 'It failed without a reason.' }]

/** What a server that stops may ask for at most. */
const MAX_RECONNECT_MS = 30_000

/** Of a payload that is no execution result it says nothing; who completes the event complains. */
export function signalsIn(payload: FormattedExecutionResult | null): UpstreamSignals {
  if (!payload?.extensions && !payload?.errors) return NOTHING
  const { data, errors, extensions } = payload
  if (isRecord(extensions?.draining)) return { reconnectWithinMs: milliseconds(extensions.draining.reconnectWithinMs) }
  if (Array.isArray(errors) && errors.length > 0 && !data) {
    const told = errors.filter(isError)
    const reasons = told.length > 0 ? told : NO_REASONS
    // GraphQL specification §7.1: without an entry `data` the operation was refused before it was executed.
    return data === undefined ? { refusal: reasons } : { failure: reasons }
  }
  const opensAt = extensions?.opensAt ?? undefined
  return opensAt === undefined ? NOTHING : { opensAt, isEmpty: !data }
}

function milliseconds(value: unknown): number {
  return typeof value === 'number' && value >= 0 ? Math.min(value, MAX_RECONNECT_MS) : 0
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
