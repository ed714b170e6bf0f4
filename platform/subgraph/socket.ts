import type { Server } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import {
  type ExecutionArgs,
  type FormattedExecutionResult,
  type GraphQLError,
  type GraphQLSchema,
  parse,
  validate,
} from 'graphql'
import type { SubscribePayload } from 'graphql-ws'
import { useServer } from 'graphql-ws/use/ws'
import { WebSocketServer } from 'ws'
import { ApplicationError, BadUserInputError } from '../errors.ts'
import { asGraphQLError, toWireError } from '../graphql-errors.ts'
import type { Logger } from '../logging.ts'
import { requestIdFrom } from '../request-id.ts'
import { canonicalOperation } from '../service-signature.ts'
import { type Caller, type CallerPolicy, identifyCaller, requireSignature, singleHeaders } from './caller.ts'
import { subscribeWithFreshContext } from './fresh-context.ts'

const PATH = '/graphql'
const MAX_FRAME_BYTES = 1_000_000
/** How long the other end may take to say goodbye. */
const FAREWELL_MS = 2_000

interface SocketOptions<Context extends { caller: Caller }> {
  schema: GraphQLSchema
  createContext: (caller: Caller) => Context
  callers: CallerPolicy
  logger: Logger
}

/**
 * Serves a subgraph's subscriptions over graphql-transport-ws. One socket carries the streams of many viewers: each
 * operation brings its own identity and signature in `extensions`, the socket itself proves nothing.
 */
export function serveSubscriptions<Context extends { caller: Caller }>(
  server: Server,
  options: SocketOptions<Context>,
): AsyncDisposable {
  const sockets = new WebSocketServer({ server, path: PATH, maxPayload: MAX_FRAME_BYTES })
  const onTheWire = (errors: readonly GraphQLError[], { extensions }: SubscribePayload) =>
    errors.map((error) => toWireError(error, requestIdFrom(extensions?.['x-request-id']), options.logger))
  const served = useServer<Record<string, unknown>>(
    {
      onSubscribe: async (_context, _id, payload) => {
        try {
          return await prepare(options, payload)
        } catch (error) {
          return [asGraphQLError(error)]
        }
      },
      subscribe: subscribeWithFreshContext,
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

async function prepare<Context extends { caller: Caller }>(
  options: SocketOptions<Context>,
  payload: SubscribePayload,
): Promise<ExecutionArgs | readonly GraphQLError[]> {
  const headers = singleHeaders(payload.extensions ?? {})
  requireSignature(options.callers, PATH, canonicalOperation(payload), headers)
  const caller = await identifyCaller(options.callers, headers)
  const document = parse(payload.query, { maxTokens: 2_000 })
  const complaints = validateGuarded(options.schema, document)
  if (complaints.length > 0) return complaints
  return {
    schema: options.schema,
    document,
    operationName: payload.operationName ?? null,
    variableValues: payload.variables ?? null,
    // A function, because every event is resolved with loaders and an identity map of its own.
    contextValue: () => {
      if (caller.viewer) options.callers.verifier.requireCurrent(caller.viewer)
      return options.createContext(caller)
    },
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
