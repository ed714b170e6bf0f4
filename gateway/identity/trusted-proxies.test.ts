import type { IncomingMessage } from 'node:http'
import { describe, expect, it } from 'vitest'
import { isAddressOrRange, TrustedProxies } from './trusted-proxies.ts'

function requestFrom(remoteAddress: string, forwardedFor?: string): IncomingMessage {
  return { socket: { remoteAddress }, headers: { 'x-forwarded-for': forwardedFor } } as unknown as IncomingMessage
}

describe('the address of a client', () => {
  const proxies = new TrustedProxies(['10.0.0.0/8', '2001:db8::1'])

  it.each([
    ['the peer itself when no proxy is in between', '198.51.100.7', undefined, '198.51.100.7'],
    ['the peer itself when it is no trusted proxy, whatever it claims', '198.51.100.7', '203.0.113.1', '198.51.100.7'],
    ['what a trusted proxy says', '10.1.2.3', '203.0.113.1', '203.0.113.1'],
    ['the last that is not a trusted proxy', '10.1.2.3', '192.0.2.66, 203.0.113.1, 10.9.9.9', '203.0.113.1'],
    ['the proxy itself when what it says is no address', '10.1.2.3', 'unknown', '10.1.2.3'],
    ['an IPv4 address though the socket speaks IPv6', '::ffff:10.1.2.3', '203.0.113.1', '203.0.113.1'],
    ['an IPv6 address', '2001:db8::1', '2001:db8::99', '2001:db8::99'],
  ])('is %s', (_what, peer, forwardedFor, address) => {
    expect(proxies.clientAddress(requestFrom(peer, forwardedFor))).toBe(address)
  })
})

describe('an entry of TRUSTED_PROXIES', () => {
  it.each(['10.0.0.1', '10.0.0.0/8', '::1', '2001:db8::/32'])('may be %s', (entry) => {
    expect(isAddressOrRange(entry)).toBe(true)
  })

  it.each(['', 'localhost', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', '::1/129', '10.0.0'])(
    'may not be "%s"',
    (entry) => {
      expect(isAddressOrRange(entry)).toBe(false)
    },
  )
})
