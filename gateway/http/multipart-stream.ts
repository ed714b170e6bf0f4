import { RECONNECT_WITHIN_MS } from '../sessions/drain.ts'
import type { StreamFormat } from './stream-format.ts'

/** A boundary of `-`, which no JSON text can contain after a line break. */
const DELIMITER = '\r\n---'
const CLOSE = '--\r\n'

/**
 * Apollo's multipart protocol for subscriptions. A part ends with the delimiter of the next one: clients look at it when
 * they have read this.
 *
 * @see https://www.apollographql.com/docs/graphos/routing/operations/subscriptions/multipart-protocol
 */
export const MULTIPART_STREAM: StreamFormat = {
  contentType: 'multipart/mixed;boundary="-";subscriptionSpec=1.0',
  opening: `${DELIMITER}${part('{}')}`,
  heartbeat: part('{}'),
  result: (json) => part(`{"payload":${json}}`),
  completion: CLOSE,
  // An error of the transport, which ends the subscription.
  goingAway: (requestId) => part(JSON.stringify({ payload: null, errors: [goingAwayError(requestId)] })) + CLOSE,
  refusal: (errors) => ({
    status: 400,
    contentType: 'application/json; charset=utf-8',
    body: JSON.stringify({ errors }),
  }),
}

function part(json: string): string {
  return `\r\ncontent-type: application/json\r\n\r\n${json}${DELIMITER}`
}

function goingAwayError(requestId: string) {
  const extensions = { code: 'SUBGRAPH_UNAVAILABLE', requestId, reconnectWithinMs: RECONNECT_WITHIN_MS }
  return { message: 'The gateway stops; subscribe again, another one answers.', extensions }
}
