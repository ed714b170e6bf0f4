import type { Server } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { FormattedExecutionResult, GraphQLError } from 'graphql'
import type { ServerOptions, SubscribePayload } from 'graphql-ws'
import { type Extra, useServer } from 'graphql-ws/use/ws'
import { type WebSocket, WebSocketServer } from 'ws'
import { asGraphQLError, toWireError } from '../graphql-errors.ts'
import type { Logger } from '../logging.ts'
import { type Metrics, observe } from '../metrics.ts'
import { requestIdFrom } from '../request-id.ts'
import { type Caller, type CallerPolicy, identifyCaller, requireSignature, singleHeaders } from './caller.ts'
import { EventResults } from './event-results.ts'
import { FrameWriter } from './frame-writer.ts'
import { OpenStreams, RECONNECT_WITHIN_MS, ServerRestartsError } from './open-streams.ts'
import { type Operation, type OperationOptions, prepareOperation, SOCKET_PATH } from './operation.ts'
import { OperationDocuments } from './operation-documents.ts'
import { codeOfFirst } from './operation-metrics.ts'
import { type OperationChannel, OperationStream } from './operation-stream.ts'
import { Renewals } from './renewals.ts'

const MAX_FRAME_BYTES = 1_000_000
/** How long the other end may take to say goodbye. */
const FAREWELL_MS = 2_000
/** "Service Restart" in the IANA registry of WebSocket close codes. */
const SERVICE_RESTART = 1012

const STREAMS = { name: 'parley_subgraph_streams', help: 'Subscriptions that have not ended.' }

interface SocketOptions<Context extends { caller: Caller }> extends OperationOptions<Context> {
  metrics?: Metrics
  logger: Logger
}

/** The sockets of a subgraph. */
export interface SubscriptionSockets extends AsyncDisposable {
  /**
   * Refuses new sockets and new operations, has every stream say that it goes on elsewhere, and closes the sockets when
   * they have; all within the given time.
   */
  drain(withinMs: number): Promise<void>
}

/**
 * Serves a subgraph's subscriptions over graphql-transport-ws. One socket carries the streams of many viewers: each
 * operation brings its own identity and signature in `extensions`, the socket itself proves nothing. A fresh token for
 * the open streams of a session comes in the payload of a ping, see {@link renew}.
 */
export function serveSubscriptions<Context extends { caller: Caller }>(
  server: Server,
  options: SocketOptions<Context>,
): SubscriptionSockets {
  const streams = new OpenStreams()
  if (options.metrics) observe(options.metrics, { ...STREAMS, read: () => streams.size })
  const sockets = new WebSocketServer({
    server,
    path: SOCKET_PATH,
    maxPayload: MAX_FRAME_BYTES,
    verifyClient: (_info, answer) => answer(!streams.isDraining, 503),
  })
  const served = useServer<Record<string, unknown>, SocketState>(protocolOf(options, streams), sockets)
  return {
    async drain(withinMs) {
      const farewellMs = Math.min(FAREWELL_MS, withinMs / 4)
      await streams.drain(withinMs - farewellMs)
      await closeAll(sockets.clients, farewellMs)
    },
    async [Symbol.asyncDispose]() {
      streams.stop()
      await closeAll(sockets.clients, 0)
      await served.dispose()
    },
  }
}

/** Closes sockets, those that do not say goodbye within the given time too. */
async function closeAll(sockets: ReadonlySet<WebSocket>, withinMs: number): Promise<void> {
  const closing = Promise.all([...sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve))))
  for (const socket of sockets) socket.close(SERVICE_RESTART, RESTART_REASON)
  await Promise.race([closing, delay(withinMs, undefined, { ref: false })])
  for (const socket of sockets) socket.terminate()
  await closing
}

const RESTART_REASON = JSON.stringify({ reconnectWithinMs: RECONNECT_WITHIN_MS })

interface SocketParts {
  readonly renewals: Renewals
  readonly frames: FrameWriter
}

type SocketState = { parts?: SocketParts }

/** graphql-ws keeps the protocol; what streams say they send themselves, see {@link OperationStream}. */
function protocolOf<Context extends { caller: Caller }>(
  options: SocketOptions<Context>,
  streams: OpenStreams,
): ServerOptions<Record<string, unknown>, Extra & SocketState> {
  const { callers, logger } = options
  const documents = new OperationDocuments(options.schema)
  const results = new EventResults(logger)
  const onTheWire = (errors: readonly GraphQLError[], { extensions }: SubscribePayload) =>
    errors.map((error) => toWireError(error, requestIdFrom(extensions?.['x-request-id']), logger))
  return {
    onSubscribe: async (context, id, payload) => {
      try {
        const { renewals, frames } = partsOf(context, callers)
        const operation = await prepareOperation(options, { documents, renewals }, payload)
        if (!('args' in operation)) return operation
        const channel = channelOf(id, frames, context.subscriptions)
        const stream = new OperationStream({ operation, channel, results, streams })
        return { ...operation.args, contextValue: { operation, stream } satisfies Run }
      } catch (error) {
        return [asGraphQLError(error)]
      }
    },
    onPing: (context, payload) => renew(options, partsOf(context, callers).renewals, payload ?? {}),
    subscribe: ({ contextValue }) => (contextValue as Run).stream,
    execute: async ({ contextValue }) => {
      try {
        if (streams.isDraining) throw new ServerRestartsError()
        return await results.execute((contextValue as Run).operation)
      } catch (error) {
        return { errors: [asGraphQLError(error)] }
      }
    },
    onError: (_context, _id, payload, errors) => {
      const refusal = onTheWire(errors, payload)
      options.operations.unknown.count(codeOfFirst(refusal))
      return refusal
    },
    onNext: (_context, _id, payload, { contextValue }, { errors, ...result }) => {
      const told = errors && onTheWire(errors, payload)
      ;(contextValue as Run).operation.count(codeOfFirst(told))
      return told && ({ ...result, errors: told } as FormattedExecutionResult)
    },
  }
}

/** @param open what graphql-ws takes for open; to the others it has nothing more to say. */
function channelOf(id: string, frames: FrameWriter, open: Record<string, unknown>): OperationChannel {
  const head = `{"id":${JSON.stringify(id)},"type":`
  return {
    next: (text) => frames.write(`${head}"next","payload":${text}}`),
    complete: () => {
      delete open[id]
      return frames.write(`${head}"complete"}`)
    },
  }
}

/** An operation on its way through graphql-ws, in place of a context. */
interface Run {
  readonly operation: Operation
  readonly stream: OperationStream
}

function partsOf({ extra }: { extra: Extra & SocketState }, { verifier }: CallerPolicy): SocketParts {
  extra.parts ??= { renewals: new Renewals(verifier), frames: new FrameWriter(extra.socket, extra.request.socket) }
  return extra.parts
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
    requireSignature(callers, SOCKET_PATH, '', headers)
    const { viewer } = await identifyCaller(callers, headers)
    if (viewer) renewals.add(viewer)
  } catch (err) {
    logger.debug({ err, requestId: headers['x-request-id'] }, 'a fresh token was refused')
  }
}
