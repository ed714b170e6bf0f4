import { RECONNECT_WITHIN_MS } from '../sessions/drain.ts'
import type { StreamFormat } from './stream-format.ts'

const CONTENT_TYPE = 'text/event-stream; charset=utf-8'

const COMMENT = ':\n\n'

/**
 * GraphQL over server-sent events in its "distinct connections mode": one request, one operation.
 *
 * @see https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md
 */
export const EVENT_STREAM: StreamFormat = {
  contentType: CONTENT_TYPE,
  opening: COMMENT,
  heartbeat: COMMENT,
  result: (json) => `event: next\ndata: ${onOneLine(json)}\n\n`,
  // Without its empty data an EventSource would not dispatch the event.
  completion: 'event: complete\ndata: \n\n',
  // No completion, because after one nobody comes back. An EventSource waits for just as long as it is told, so each
  // client is told another time.
  goingAway: () => `retry: ${Math.round(Math.random() * RECONNECT_WITHIN_MS)}\n\n`,
  // The protocol has them told as events: what an EventSource is told by a status, its page never sees.
  refusal: (errors) => ({
    status: 200,
    contentType: CONTENT_TYPE,
    body: EVENT_STREAM.result(JSON.stringify({ errors })) + EVENT_STREAM.completion,
  }),
}

/** In JSON a line break is nothing but space between two tokens; in an event it would end the data. */
function onOneLine(json: string): string {
  return /[\r\n]/.test(json) ? json.replaceAll(/[\r\n]+/g, ' ') : json
}
