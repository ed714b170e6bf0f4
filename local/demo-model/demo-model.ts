import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { replyTo } from './answers.ts'
import { type Completion, estimateUsage, fitIntoTokens, toChatCompletion, toEventStream } from './chat-completions.ts'
import { type ChatRequest, readChatRequest } from './chat-request.ts'
import { callFor, tellOfSearch } from './demo-model-tools.ts'
import { errorBody, RequestError } from './request-error.ts'

/** The one model this server knows; the name says that it is no real one. */
export const DEMO_MODEL_ID = 'demo-offline'

const LONGEST_BODY_BYTES = 1024 * 1024
const LONGEST_PIECE_DELAY_MS = 10_000
/** To receive a whole request. */
const REQUEST_TIMEOUT_MS = 10_000
/** Without a byte moving either way; longer than the longest pause between two pieces. */
const SILENT_SOCKET_TIMEOUT_MS = 60_000

export interface DemoModel extends AsyncDisposable {
  /** What to give an OpenAI client as its base URL: `http://127.0.0.1:<port>/v1`. */
  readonly baseUrl: string
}

export interface DemoModelOptions {
  /** The address to listen on; 127.0.0.1 when not given. */
  readonly host?: string
  /** 0, the default, takes any free port. */
  readonly port?: number
  /** Between two streamed words, 0 to 10,000 milliseconds; 30 when not given. */
  readonly pieceDelayMs?: number
  /** Waits for `ms` milliseconds or until the signal aborts, when the client has gone; tests put their own time here. */
  readonly schedule?: (ms: number, signal: AbortSignal) => Promise<void>
}

/**
 * Starts Parley's demo assistant: canned, rule-based answers behind the wire format of OpenAI's chat completions, so that
 * an AI conversation runs without an account or a network. Asked to “search my messages for …” it calls the tool
 * `search_messages`, if that was offered. It answers `/health`, takes bodies up to 1 MiB, wants
 * no key, and ends a stream as soon as its client has gone. Disposing it closes every connection, open streams included.
 *
 * @throws {RangeError} when `pieceDelayMs` is out of range; the system's error when the port is taken.
 */
export async function startDemoModel(options: DemoModelOptions = {}): Promise<DemoModel> {
  const { host = '127.0.0.1', port = 0, pieceDelayMs = 30, schedule = wait } = options
  if (!(pieceDelayMs >= 0 && pieceDelayMs <= LONGEST_PIECE_DELAY_MS)) {
    throw new RangeError(`pieceDelayMs must be 0 to ${LONGEST_PIECE_DELAY_MS} milliseconds, not ${pieceDelayMs}.`)
  }
  const server = createServer()
  server.get('/health', () => ({ status: 'alive' }))
  server.get('/v1/models', () => ({
    object: 'list',
    data: [{ id: DEMO_MODEL_ID, object: 'model', created: 0, owned_by: 'parley' }],
  }))
  server.post('/v1/chat/completions', (request, reply) => {
    const asked = readChatRequest(request.body)
    const completion = complete(asked)
    if (!asked.stream) return reply.send(toChatCompletion(completion))
    const signal = closeSignal(reply)
    const pause = () => schedule(pieceDelayMs, signal)
    const events = toEventStream(completion, { includeUsage: asked.includeUsage, pause })
    return reply
      .type('text/event-stream; charset=utf-8')
      .header('cache-control', 'no-cache')
      .send(Readable.from(events))
  })
  const origin = await server.listen({ host, port })
  return { baseUrl: `${origin}/v1`, [Symbol.asyncDispose]: async () => server.close() }
}

function createServer(): FastifyInstance {
  const server = fastify({
    bodyLimit: LONGEST_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: SILENT_SOCKET_TIMEOUT_MS,
    forceCloseConnections: true,
    frameworkErrors: refuse,
  })
  server.setErrorHandler<FastifyError>(refuse)
  server.setNotFoundHandler(({ method, url }) => {
    throw new RequestError(
      404,
      'unknown_url',
      `Unknown request URL: ${method} ${url}. This server has POST /v1/chat/completions and GET /v1/models.`,
    )
  })
  return server
}

function complete({ model, conversation, tools, maxTokens }: ChatRequest): Completion {
  if (model !== DEMO_MODEL_ID) {
    const message = `The model '${model}' does not exist; the demo assistant has '${DEMO_MODEL_ID}' only.`
    throw new RequestError(404, 'model_not_found', message, 'model')
  }
  const calling = callFor(conversation, tools)
  const whole = calling?.text ?? tellOfSearch(conversation) ?? replyTo(conversation)
  const { text, finishReason } = fitIntoTokens(whole, maxTokens)
  const call = finishReason === 'stop' && calling ? { ...calling.call, id: `call_${randomUUID()}` } : undefined
  const prompt = conversation.map((message) => message.text)
  return {
    id: `chatcmpl-${randomUUID()}`,
    created: Math.floor(Date.now() / 1000),
    model,
    ...{ text, call },
    finishReason: call ? 'tool_calls' : finishReason,
    usage: estimateUsage(prompt, call ? `${text}${call.name}${call.arguments}` : text),
  }
}

/** Fastify's `request.signal` will not do: it aborts when the request's body has been read. */
function closeSignal(reply: FastifyReply): AbortSignal {
  const controller = new AbortController()
  reply.raw.once('close', () => controller.abort())
  return controller.signal
}

function refuse(error: FastifyError | RequestError, _request: FastifyRequest, reply: FastifyReply): void {
  const refusal = toRequestError(error)
  reply.code(refusal.status).send(errorBody(refusal))
}

/** Fastify's own refusals (bad JSON, body too large, wrong media type) keep their status and words. */
function toRequestError(error: FastifyError | RequestError): RequestError {
  if (error instanceof RequestError) return error
  const { statusCode = 500, message } = error
  switch (statusCode) {
    case 400:
      return new RequestError(400, 'invalid_body', `The request could not be read: ${message}`)
    case 413:
      return new RequestError(
        413,
        'request_too_large',
        `The request body may have ${LONGEST_BODY_BYTES} bytes at most.`,
      )
    case 415:
      return new RequestError(415, 'unsupported_media_type', 'Send the request body as application/json.')
    default:
      return new RequestError(statusCode, 'server_error', `The demo assistant failed: ${message}`)
  }
}

async function wait(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal })
}
