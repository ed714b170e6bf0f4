import type { FastifyRequest } from 'fastify'
import { BadUserInputError } from '../../platform/errors.ts'
import { acceptedMedia } from './accepted-media.ts'
import { EVENT_STREAM } from './event-stream.ts'
import { MULTIPART_STREAM } from './multipart-stream.ts'
import type { StreamFormat } from './stream-format.ts'

const EVENTS = 'text/event-stream'

/** What an answer in one piece may be called. */
const WHOLE = new Set(['application/json', 'application/graphql-response+json', 'application/*', '*/*'])

/** Whether a client would rather have server-sent events than one JSON text, whatever kind its operation is of. */
export function prefersEvents({ method, headers: { accept } }: FastifyRequest): boolean {
  if (method === 'HEAD' || !accept?.includes(EVENTS)) return false
  return acceptedMedia(accept).find(({ type }) => type === EVENTS || WHOLE.has(type))?.type === EVENTS
}

/**
 * The format of a stream that the client accepts.
 *
 * @throws BadUserInputError when it accepts none.
 */
export function streamFormatFor({ method, headers }: FastifyRequest): StreamFormat {
  for (const { type, parameters } of method === 'HEAD' ? [] : acceptedMedia(headers.accept)) {
    if (type === EVENTS) return EVENT_STREAM
    if (type === 'multipart/mixed' && parameters.subscriptionspec === '1.0') return MULTIPART_STREAM
  }
  throw new BadUserInputError(
    'A subscription is answered by a stream: ask for one with `accept: text/event-stream` or ' +
      '`accept: multipart/mixed;subscriptionSpec=1.0`, or open a WebSocket at this same path, with the protocol ' +
      'graphql-transport-ws.',
  )
}
