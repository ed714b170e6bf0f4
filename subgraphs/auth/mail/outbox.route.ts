import { BlockList, isIPv6 } from 'node:net'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Outbox } from './outbox.ts'
import { mutationFor, OUTBOX_POLICY, outboxPage } from './outbox-page.ts'

const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': OUTBOX_POLICY,
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  vary: 'accept',
}

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8)
LOOPBACK.addAddress('::1', 'ipv6')

/**
 * Serves `GET /outbox`, to read mails that were not sent: a page, or JSON with `?format=json` or such an `Accept`. Only
 * to programs of this machine, because it holds what signs people in; to everybody else there is no such page.
 *
 * @param host the address that the server is bound to.
 */
export function serveOutbox(server: FastifyInstance, outbox: Outbox, host: string): void {
  server.get('/outbox', async (request, reply) => {
    const isOfThisMachine = isLoopback(request.socket.remoteAddress) && isLocal(request.headers.host, host)
    if (!isOfThisMachine) return reply.callNotFound()
    reply.headers(HEADERS)
    if (!wantsJson(request)) return reply.type('text/html; charset=utf-8').send(outboxPage(outbox.mails))
    return { mails: outbox.mails.map((mail) => ({ ...mail, mutation: mail.link && mutationFor(mail.link) })) }
  })
}

/** The other end of the connection, IPv4 in IPv6 included. What headers say of it does not count. */
function isLoopback(address: string | undefined): boolean {
  return address !== undefined && LOOPBACK.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
}

/** A page of a foreign name that was made to lead here (DNS rebinding) carries that name. */
function isLocal(given: string | undefined, host: string): boolean {
  if (given === undefined || !URL.canParse(`http://${given}`)) return false
  const { hostname } = new URL(`http://${given}`)
  const bound = host.includes(':') ? `[${host}]` : host.toLowerCase()
  return hostname === bound || hostname === '[::1]' || /^(?:127(?:\.\d+){3}|(?:.+\.)?localhost)$/.test(hostname)
}

function wantsJson({ query, headers }: FastifyRequest): boolean {
  const accept = headers.accept ?? ''
  return (
    (query as { format?: unknown }).format === 'json' ||
    (accept.includes('application/json') && !accept.includes('text/html'))
  )
}
