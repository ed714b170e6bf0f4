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
  const reader = response.body?.getReader()
  if (!reader) return response
  const size = new AnswerSize()
  // Read on only when asked: a pipe through a TransformStream does the same for twice the work.
  const bounded = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await reader.read()
        if (done) return controller.close()
        received.take(value)
        if (size.isTooLongWith(value)) {
          void reader.cancel().catch(() => undefined)
          throw new GenerationError('STREAM_INCOMPLETE')
        }
        controller.enqueue(value)
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
  return new Response(bounded, response)
}

/** How long an answer is, and the event that it is in. */
class AnswerSize {
  #answer = 0
  #event = 0
  #last: Uint8Array = new Uint8Array()

  isTooLongWith(chunk: Uint8Array): boolean {
    const seen = Buffer.concat([this.#last, chunk])
    const end = endOfEvents(seen)
    this.#last = seen.subarray(-3)
    this.#answer += chunk.length
    this.#event = end === undefined ? this.#event + chunk.length : seen.length - end
    return this.#answer > LONGEST_ANSWER || this.#event > LONGEST_EVENT
  }
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
