import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { counter, DURATION_BUCKETS, histogram, type Metrics } from './metrics.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** When it was begun with, in milliseconds of `performance.now()`; 0 where nobody measures. */
    beganAt: number
  }
}

/** The status by which nginx, and who reads its logs, knows that a client left before there was an answer. */
export const CLIENT_LEFT = 499

/** The others, of which a client may send any that Node's parser knows, are one. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/**
 * Counts the requests of a server when they are over, and measures how long their answers took to make. A stream's answer
 * is never made: it is only counted. Upgrades to a socket are no requests here.
 */
export function measureHttp(server: FastifyInstance, metrics: Metrics): void {
  const requests = counter(metrics, {
    name: 'parley_http_requests_total',
    help: 'HTTP requests that are over; the status is 499 where the client left before the answer.',
    labels: ['method', 'route', 'status'],
  })
  const durations = histogram(metrics, {
    name: 'parley_http_request_duration_seconds',
    help: 'From the headers of a request to its answer being ready to be sent; without streams.',
    labels: ['method', 'route'],
    buckets: DURATION_BUCKETS,
  })
  server.decorateRequest('beganAt', 0)
  server.addHook('onRequest', (request, reply, done) => {
    request.beganAt = performance.now()
    reply.raw.once('close', () => requests.labels(methodOf(request), routeOf(request), String(statusOf(reply))).inc())
    done()
  })
  server.addHook('onSend', (request, _reply, payload, done) => {
    durations.labels(methodOf(request), routeOf(request)).observe((performance.now() - request.beganAt) / 1_000)
    done(null, payload)
  })
}

function methodOf({ method }: FastifyRequest): string {
  return METHODS.has(method) ? method : 'other'
}

/** The pattern and not the path, of which a client may send any. */
function routeOf({ routeOptions: { url } }: FastifyRequest): string {
  return url ?? 'unknown'
}

/** The status of a response that has closed: 499 when its client left before there was one. */
export function statusOf({ raw }: FastifyReply): number {
  return raw.headersSent ? raw.statusCode : CLIENT_LEFT
}
