import type { FastifyReply, FastifyRequest } from 'fastify'
import { type ApplicationError, ForbiddenError, RateLimitedError, UnauthenticatedError } from '../../platform/errors.ts'
import { toWireError } from '../../platform/graphql-errors.ts'
import { type Metrics, observe } from '../../platform/metrics.ts'
import { TurnedAwayError } from '../execution/turned-away-error.ts'
import type { Client } from '../identity/client.ts'
import type { Refusals } from '../protection/refusals.ts'
import type { Admission, Refusal } from '../sessions/admission.ts'
import { CLIENT_PATIENCE, type ClientPatience } from '../sessions/client-patience.ts'
import { ClientSession, type OpenedOperation, type SessionServices } from '../sessions/client-session.ts'
import { Connections } from '../sessions/connections.ts'
import type { Drain } from '../sessions/drain.ts'
import { systemTimers } from '../upstream/timers.ts'
import { operationParameters } from './operation-parameters.ts'
import type { OriginPolicy } from './origin-policy.ts'
import { ResponseStream } from './response-stream.ts'
import type { StreamFormat } from './stream-format.ts'
import { streamFormatFor } from './stream-negotiation.ts'
import { StreamedOperation } from './streamed-operation.ts'

interface HttpStreamsOptions extends SessionServices {
  readonly origins: OriginPolicy
  readonly admission: Admission
  readonly refusals: Refusals
  readonly metrics: Metrics
  readonly patience?: Partial<ClientPatience> | undefined
}

/** Answers operations of every kind by streams over HTTP/1.1: one request, one operation, one connection. */
export class HttpStreams {
  readonly #options: HttpStreamsOptions
  readonly #operations: Connections<StreamedOperation>

  constructor(options: HttpStreamsOptions) {
    this.#options = options
    this.#operations = new Connections(options.admission)
    observe(options.metrics, {
      name: 'parley_gateway_http_streams',
      help: 'Operations whose answers are streams over HTTP, and are open.',
      read: () => this.#operations.size,
    })
  }

  /** Ends every stream such that its client subscribes elsewhere, one after the other, and takes no more. */
  drain(withinMs: number): Drain {
    return this.#operations.drain(withinMs)
  }

  /**
   * Answers a request by a stream.
   *
   * @param known who asks, where that was found out already.
   * @throws ApplicationError when the client accepts none, is not who it says, or there are too many.
   */
  async serve(request: FastifyRequest, reply: FastifyReply, known?: Client): Promise<FastifyReply> {
    const { origins, identification, admission, refusals } = this.#options
    const format = streamFormatFor(request)
    const parameters = operationParameters(request)
    // A GET for events comes without a preflight.
    if (!origins.allows(request.headers)) {
      refusals.count('csrf')
      throw new ForbiddenError('Pages of this origin may not open streams here.')
    }
    const client = known ?? (await identification.identifySender(request.raw))
    if (request.raw.socket.destroyed) return reply.hijack()
    const { isDraining } = this.#operations
    const refusal = isDraining ? { status: 503, retryAfterSeconds: 1 } : admission.refuse()
    const left = refusal ?? admission.enter(client)
    if (typeof left === 'object') throw refused(left, reply, isDraining)
    let operation: StreamedOperation | undefined
    const session = new ClientSession(client, this.#options, () => operation?.disown(this.#unauthenticated(request.id)))
    const opened = session.open(parameters, request.id, { readOnly: request.method === 'GET' })
    const over = () => {
      session.end()
      left()
      if (operation) this.#operations.remove(operation)
    }
    if ('outcome' in opened) operation = this.#operations.add(this.#stream(session, opened, reply, format, over))
    else {
      over()
      this.#refuse(opened, reply, format)
    }
    return reply
  }

  #stream(
    session: ClientSession,
    { outcome }: OpenedOperation,
    reply: FastifyReply,
    format: StreamFormat,
    onOver: () => void,
  ): StreamedOperation {
    const patience = { ...CLIENT_PATIENCE, ...this.#options.patience }
    const response = new ResponseStream(reply, { format, patience, timers: systemTimers, onOver })
    return new StreamedOperation(session, outcome, { response, logger: this.#options.logger })
  }

  #refuse(errors: readonly unknown[], reply: FastifyReply, format: StreamFormat): void {
    const { logger } = this.#options
    const { status, contentType, body } = format.refusal(
      errors.map((error) => toWireError(error, reply.request.id, logger)),
    )
    reply.status(status).header('cache-control', 'no-store').type(contentType).send(body)
  }

  #unauthenticated(requestId: string): string {
    return JSON.stringify({ errors: [toWireError(new UnauthenticatedError(), requestId, this.#options.logger)] })
  }
}

/** @returns what to throw; the header tells when to come again. */
function refused({ status, retryAfterSeconds }: Refusal, reply: FastifyReply, isDraining: boolean): ApplicationError {
  if (retryAfterSeconds !== undefined) reply.header('retry-after', retryAfterSeconds)
  if (status === 503) return new TurnedAwayError(isDraining ? 'DRAINING' : 'OVERLOADED')
  return new RateLimitedError(
    'Too many streams and sockets are open, or come at once; close some, or come again later.',
  )
}
