import { GenerationError } from './generation-error.ts'
import type { Received } from './received.ts'

/** What is read of a refusal: enough for its reason. */
const LONGEST_REFUSAL = 64 * 1024
/** The longest answer, in bytes: each of its tokens comes in some hundred of them. */
const LONGEST_ANSWER = 256 * 1024 * 1024
/** The longest event, in bytes: the last one of a response repeats the whole text. */
const LONGEST_EVENT = 4 * 1024 * 1024
/** What ends an event (Server-Sent Events, 9.2.5). */
const ENDS_OF_EVENTS = ['\n\n', '\r\n\r\n', '\r\r'] as const

/**
 * A stream of events that fails where one of them, or all together, are too long: whoever reads it keeps an event until
 * it ends.
 *
 * @param received is told what comes.
 * @returns a response whose body fails with GenerationError STREAM_INCOMPLETE beyond 4 MiB of one event, or 256 MiB.
 */
export function boundedAnswer(response: Response, received: Received): Response {
  const size = { answer: 0, event: 0 }
  let last: Uint8Array = new Uint8Array()
  const counting = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      received.take(chunk)
      const seen = Buffer.concat([last, chunk])
      const end = endOfEvents(seen)
      last = seen.subarray(-3)
      size.answer += chunk.length
      size.event = end === undefined ? size.event + chunk.length : seen.length - end
      if (size.answer > LONGEST_ANSWER || size.event > LONGEST_EVENT) throw new GenerationError('STREAM_INCOMPLETE')
      controller.enqueue(chunk)
    },
  })
  return new Response(response.body?.pipeThrough(counting), response)
}

/** A refusal that was read, at most its first 64 KiB. */
export async function boundedRefusal(response: Response): Promise<Response> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk)
    length += chunk.length
    if (length >= LONGEST_REFUSAL) break
  }
  const beginning = Buffer.concat(chunks).subarray(0, LONGEST_REFUSAL)
  return new Response(beginning.length > 0 ? beginning : null, response)
}

/** Where the last whole event ends; undefined when none does. */
function endOfEvents(bytes: Buffer): number | undefined {
  const ends = ENDS_OF_EVENTS.map((end) => ({ at: bytes.lastIndexOf(end), length: end.length }))
  const found = ends.filter(({ at }) => at >= 0).map(({ at, length }) => at + length)
  return found.length > 0 ? Math.max(...found) : undefined
}
