import type { ExecutionArgs, GraphQLError, GraphQLSchema } from 'graphql'
import type { SubscribePayload } from 'graphql-ws'
import { inLogScope } from '../log-scope.ts'
import { canonicalOperation } from '../service-signature.ts'
import type { TracedPart } from '../tracing/spans.ts'
import type { Attendance } from './attendance.ts'
import { type Caller, type CallerPolicy, identifyCaller, requireSignature, singleHeaders } from './caller.ts'
import type { OperationDocument, OperationDocuments } from './operation-documents.ts'
import { type CountOperation, countOn, type OperationMetrics } from './operation-metrics.ts'
import { inOperationSpan } from './operation-spans.ts'
import type { Renewals } from './renewals.ts'

/** The path that operations on a socket are signed for. */
export const SOCKET_PATH = '/graphql'

/** An operation that came over a socket, and may run. */
export interface Operation {
  /** Without a context: each event is resolved with loaders and an identity map of its own. */
  readonly args: ExecutionArgs
  readonly requestId: string
  /** Is told when it has opened or run, and when it ends with an error. */
  readonly count: CountOperation
  /** Whether the other end takes what a stream says beside its events, as our gateway does. */
  readonly takesNotices: boolean
  /** Operations with the same key get the same for the same event; without one each is executed for itself. */
  readonly selection: string | undefined
  /** Does what opens it, as a part of the trace that its sender says. */
  inSpan<Result>(work: () => Result): Result
  /** @throws UnauthenticatedError when the viewer's newest token has expired or was revoked. */
  createContext(): unknown
  /** @throws UnauthenticatedError as `createContext` does. */
  requireCurrent(): void
  /** A stream of the operation has opened; what it returns is called once, when the stream has ended. */
  opened(): () => void
}

/** What operations are prepared with. */
export interface OperationOptions<Context extends { caller: Caller }> {
  schema: GraphQLSchema
  createContext: (caller: Caller) => Context
  callers: CallerPolicy
  attendance?: Attendance
  operations: OperationMetrics
  /** What traces call the subgraph. */
  part?: TracedPart
}

/**
 * Finds out who sent an operation, and whether it is valid; otherwise what is wrong with it.
 *
 * @throws ForbiddenError, UnauthenticatedError, GraphQLError
 */
export async function prepareOperation<Context extends { caller: Caller }>(
  options: OperationOptions<Context>,
  { documents, renewals }: { documents: OperationDocuments; renewals: Renewals },
  payload: SubscribePayload,
): Promise<Operation | readonly GraphQLError[]> {
  const beganAt = performance.now()
  const headers = singleHeaders(payload.extensions ?? {})
  requireSignature(options.callers, SOCKET_PATH, canonicalOperation(payload), headers)
  const { takesNotices, resumed } = readResume(payload.extensions)
  const caller = { ...(await identifyCaller(options.callers, headers)), resumed }
  const read = documents.read(payload.query)
  if (!('serial' in read)) return read
  const { requestId } = caller
  const count = countOn(options.operations.named(read.document, payload.operationName), beganAt)
  const { part = 'subgraph' } = options
  const { traceparent } = headers
  const { operationName } = payload
  const currentViewer = () => caller.viewer && renewals.current(caller.viewer)
  return {
    args: {
      schema: options.schema,
      document: read.document,
      operationName: payload.operationName ?? null,
      variableValues: payload.variables ?? null,
    },
    requestId,
    count: (code) => inLogScope({ requestId }, () => count(code)),
    takesNotices,
    selection: selectionOf(read, payload),
    inSpan: (work) => inOperationSpan({ part, traceparent }, { ...read, operationName }, work),
    createContext: () => options.createContext({ ...caller, viewer: currentViewer() }),
    requireCurrent: () => void currentViewer(),
    opened: () => options.attendance?.opened(caller) ?? (() => undefined),
  }
}

/** Our gateway says with every subscription that it can take it up again, and whether it does so now. */
function readResume(extensions: SubscribePayload['extensions']): { takesNotices: boolean; resumed: boolean } {
  const { positions, resumed } = Object(extensions?.resume) as { positions?: unknown; resumed?: unknown }
  return { takesNotices: positions === true, resumed: resumed === true }
}

function selectionOf(read: OperationDocument, { operationName, variables }: SubscribePayload): string | undefined {
  if (!read.isViewerIndependent) return undefined
  const given = Object.entries(variables ?? {}).filter(([name]) => read.variables.has(name))
  return JSON.stringify([read.serial, operationName ?? null, given.sort(([one], [other]) => (one < other ? -1 : 1))])
}
