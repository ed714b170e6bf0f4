import type { Server } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { type FormattedExecutionResult, type GraphQLError, type GraphQLSchema, parse, validate } from 'graphql'
import type { Context as SocketContext, SubscribePayload } from 'graphql-ws'
import { type Extra, useServer } from 'graphql-ws/use/ws'
import { WebSocketServer } from 'ws'
import { ApplicationError, BadUserInputError } from '../errors.ts'
import { asGraphQLError, toWireError } from '../graphql-errors.ts'
import type { Logger } from '../logging.ts'
import { requestIdFrom } from '../request-id.ts'
import { canonicalOperation } from '../service-signature.ts'
import type { Attendance } from './attendance.ts'
import { type Caller, type CallerPolicy, identifyCaller, requireSignature, singleHeaders } from './caller.ts'
import { type StreamArgs, subscribeWithFreshContext } from './fresh-context.ts'
import { Renewals } from './renewals.ts'

const PATH = '/graphql'
const MAX_FRAME_BYTES = 1_000_000
/** How long the other end may take to say goodbye. */
const FAREWELL_MS = 2_000

interface SocketOptions<Context extends { caller: Caller }> {
  schema: GraphQLSchema
  createContext: (caller: Caller) => Context
  callers: CallerPolicy
  attendance?: Attendance
  logger: Logger
}

/**
 * Serves a subgraph's subscriptions over graphql-transport-ws. One socket carries the streams of many viewers: each
 * operation brings its own identity and signature in `extensions`, the socket itself proves nothing. A fresh token for
 * the open streams of a session comes in the payload of a ping, see {@link renew}.
 */
export function serveSubscriptions<Context extends { caller: Caller }>(
  server: Server,
  options: SocketOptions<Context>,
): AsyncDisposable {
  const sockets = new WebSocketServer({ server, path: PATH, maxPayload: MAX_FRAME_BYTES })
  const onTheWire = (errors: readonly GraphQLError[], { extensions }: SubscribePayload) =>
    errors.map((error) => toWireError(error, requestIdFrom(extensions?.['x-request-id']), options.logger))
  const served = useServer<Record<string, unknown>, SocketState>(
    {
      onSubscribe: async (context, _id, payload) => {
        try {
          return await prepare(options, renewalsOf(context, options), payload)
        } catch (error) {
          return [asGraphQLError(error)]
        }
      },
      onPing: (context, payload) => renew(options, renewalsOf(context, options), payload ?? {}),
      // What onSubscribe returned: graphql-ws knows only the part of it that is graphql's own.
      subscribe: (args) => subscribeGuarded(args as StreamArgs),
      onError: (_context, _id, payload, errors) => onTheWire(errors, payload),
      onNext: (_context, _id, payload, _args, { errors, ...result }) =>
        errors && ({ ...result, errors: onTheWire(errors, payload) } as FormattedExecutionResult),
    },
    sockets,
  )
  return {
    async [Symbol.asyncDispose]() {
      const closed = served.dispose()
      await Promise.race([closed, delay(FAREWELL_MS, undefined, { ref: false })])
      for (const socket of sockets.clients) socket.terminate()
      await closed
    },
  }
}

type SocketState = { renewals?: Renewals }

function renewalsOf(
  { extra }: SocketContext<Record<string, unknown>, Extra & SocketState>,
  { callers }: { callers: CallerPolicy },
): Renewals {
  extra.renewals ??= new Renewals(callers.verifier)
  return extra.renewals
}

/**
 * Takes the fresh token that a ping carries, among the headers that an operation carries in its extensions, and signed as
 * a call to the same path whose body is empty. A refusal changes nothing, and leaves the socket to its other viewers.
 */
async function renew(
  { callers, logger }: { callers: CallerPolicy; logger: Logger },
  renewals: Renewals,
  payload: Record<string, unknown>,
): Promise<void> {
  const headers = singleHeaders(payload)
  if (headers.authorization === undefined) return
  try {
    requireSignature(callers, PATH, '', headers)
    const { viewer } = await identifyCaller(callers, headers)
    if (viewer) renewals.add(viewer)
  } catch (err) {
    logger.debug({ err, requestId: headers['x-request-id'] }, 'a fresh token was refused')
  }
}

async function prepare<Context extends { caller: Caller }>(
  options: SocketOptions<Context>,
  renewals: Renewals,
  payload: SubscribePayload,
): Promise<StreamArgs | readonly GraphQLError[]> {
  const headers = singleHeaders(payload.extensions ?? {})
  requireSignature(options.callers, PATH, canonicalOperation(payload), headers)
  const caller = await identifyCaller(options.callers, headers)
  const document = parse(payload.query, { maxTokens: 2_000 })
  const { attendance } = options
  const complaints = validateGuarded(options.schema, document)
  if (complaints.length > 0) return complaints
  return {
    schema: options.schema,
    document,
    operationName: payload.operationName ?? null,
    variableValues: payload.variables ?? null,
    // A function, because every event is resolved with loaders and an identity map of its own.
    contextValue: () =>
      options.createContext(caller.viewer ? { ...caller, viewer: renewals.current(caller.viewer) } : caller),
    ...(attendance && { onOpen: () => attendance.opened(caller) }),
  }
}

/** A token may end between the operation's arrival and now, and a throw would close the socket for everybody on it. */
async function subscribeGuarded(args: StreamArgs): ReturnType<typeof subscribeWithFreshContext> {
  try {
    return await subscribeWithFreshContext(args)
  } catch (error) {
    return { errors: [asGraphQLError(error)] }
  }
}

/** graphql 16's validate() throws on some malformed subscriptions, which would close the socket for everybody on it. */
function validateGuarded(...args: Parameters<typeof validate>): readonly GraphQLError[] {
  try {
    return validate(...args)
  } catch (error) {
    return [
      asGraphQLError(error instanceof ApplicationError ? error : new BadUserInputError('The operation is malformed.')),
    ]
  }
}
