import type { FastifyReply, FastifyRequest } from 'fastify'
import type { DocumentNode } from 'graphql'
import type { Logger } from '../../platform/logging.ts'
import { usesDefer } from '../execution/incremental-choice.ts'
import { incrementalFormatFor } from '../execution/incremental-negotiation.ts'
import { CLIENT_PATIENCE, type ClientPatience } from '../sessions/client-patience.ts'
import { systemTimers } from '../upstream/timers.ts'
import type { PiecewiseAnswer } from './apollo-http.ts'
import { ResponseStream } from './response-stream.ts'
import type { StreamFormat } from './stream-format.ts'

/** Whether the answer to a request may come in pieces: then it cannot be shared. */
export function mayBeIncremental({ headers }: FastifyRequest, document: DocumentNode): boolean {
  return usesDefer(document) && incrementalFormatFor(headers.accept) !== undefined
}

/**
 * Sends an answer piece by piece: the next is asked for when the kernel has taken the last. A client of which it takes
 * nothing for too long is cut off. When the client leaves, it is for the signal of the operation to end the pieces.
 *
 * @returns when the last one is written or the client has gone. Never rejects.
 */
export async function sendPieces(
  reply: FastifyReply,
  { contentType, pieces }: PiecewiseAnswer,
  { patience, logger }: { readonly patience: Partial<ClientPatience> | undefined; readonly logger: Logger },
): Promise<void> {
  const options = { patience: { ...CLIENT_PATIENCE, ...patience }, timers: systemTimers, onOver: () => {} }
  const response = new ResponseStream(reply, { ...options, format: asWritten(contentType) })
  try {
    for await (const piece of pieces) {
      await response.send(piece)
      if (!response.isOpen) break
    }
    response.complete()
  } catch (error) {
    logger.error({ err: error, requestId: reply.request.id }, 'an answer breaks off')
    response.terminate()
  }
}

/** Apollo Server has written the pieces as the body has them. There is nothing between them: operations are short. */
function asWritten(contentType: string): StreamFormat {
  return {
    contentType,
    opening: '',
    heartbeat: '',
    result: (piece) => piece,
    completion: '',
    goingAway: () => '',
    refusal: () => ({ status: 400, contentType, body: '' }),
  }
}
