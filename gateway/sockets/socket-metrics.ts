import { CloseCode } from 'graphql-ws'
import { counter, type Metrics } from '../../platform/metrics.ts'
import { SERVICE_RESTART, TOO_SLOW, TRY_AGAIN_LATER } from './close-codes.ts'

/** Of RFC 6455 §7.4.1: what clients, browsers and `ws` close with, or what stands for a socket that was never closed. */
const STANDARD = [1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 1011]

/** Of a socket that closed without one (RFC 6455 §7.1.5). */
export const NO_CODE = 1005

const OWN = [SERVICE_RESTART, TRY_AGAIN_LATER, TOO_SLOW]

const PROTOCOL = Object.values(CloseCode).filter((code) => typeof code === 'number')

const KNOWN: ReadonlySet<number> = new Set([...STANDARD, ...OWN, ...PROTOCOL])

/** @returns what counts client sockets that have closed, by whomever, under their codes. */
export function countCloses(metrics: Metrics): (code: number) => void {
  const closes = counter(metrics, {
    name: 'parley_gateway_socket_closes_total',
    help: 'Client sockets that have closed, by their code (RFC 6455 §7.4); those that are in no standard and not ours are "other".',
    labels: ['code'],
  })
  return (code) => closes.labels(KNOWN.has(code) ? String(code) : 'other').inc()
}
