import helmet, { type FastifyHelmetOptions } from '@fastify/helmet'
import type { FastifyInstance, FastifyReply } from 'fastify'

/**
 * What every answer says. A policy for pages is added to pages alone: helmet would work it out anew for every answer,
 * and browsers heed it nowhere else.
 */
const EVERY_ANSWER: FastifyHelmetOptions = {
  contentSecurityPolicy: false,
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
  strictTransportSecurity: { includeSubDomains: false },
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false,
}

/** The headers by which browsers guard what they are sent. */
export function addSecurityHeaders(server: FastifyInstance): void {
  void server.register(helmet, EVERY_ANSWER)
}

/** What a page says besides; a window that it opens, to sign in say, may still talk to it. */
export function addPagePolicy(reply: FastifyReply, policy: Readonly<Record<string, readonly string[]>>): void {
  const directives = Object.fromEntries(Object.entries(policy).map(([name, sources]) => [name, [...sources]]))
  void reply.helmet({
    contentSecurityPolicy: { useDefaults: false, directives },
    crossOriginOpenerPolicy: { policy: 'same-origin-allow-popups' },
  })
}
