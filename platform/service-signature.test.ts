import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalOperation, ServiceSigner } from './service-signature.ts'

const SECRET = 'a secret of thirty-two characters'
const HEADERS = { authorization: 'Bearer token', 'x-request-id': 'id', 'x-forwarded-for': '203.0.113.9' }

const at = (seconds: number, secret = SECRET) => new ServiceSigner(secret, () => new Date(seconds * 1000))

describe('a signature', () => {
  const signature = at(1_000).sign('/graphql', '{}', HEADERS)

  it('is good for the call it was made for', () => {
    expect(at(1_000).verify(signature, '/graphql', '{}', HEADERS)).toBe(true)
  })

  it('is good for a minute either way, as clocks differ, and no longer', () => {
    expect([939, 940, 1_060, 1_061].map((now) => at(now).verify(signature, '/graphql', '{}', HEADERS))).toEqual([
      false,
      true,
      true,
      false,
    ])
  })

  it.each<[what: string, signer: ServiceSigner, path: string, body: string, headers: Record<string, string>]>([
    ['under another secret', at(1_000, 'another'), '/graphql', '{}', HEADERS],
    ['for another path', at(1_000), '/internal/users', '{}', HEADERS],
    ['for another body', at(1_000), '/graphql', '{ }', HEADERS],
    ['for another user', at(1_000), '/graphql', '{}', { ...HEADERS, authorization: 'Bearer other' }],
    ['for another address', at(1_000), '/graphql', '{}', { ...HEADERS, 'x-forwarded-for': '203.0.113.10' }],
    ['without the user', at(1_000), '/graphql', '{}', { 'x-request-id': 'id', 'x-forwarded-for': '203.0.113.9' }],
    [
      'with a header moved to another',
      at(1_000),
      '/graphql',
      '{}',
      { ...HEADERS, traceparent: 'id', 'x-request-id': '' },
    ],
  ])('is not good %s', (_what, signer, path, body, headers) => {
    expect(signer.verify(signature, path, body, headers)).toBe(false)
  })

  it('does not cover what proxies add', () => {
    expect(at(1_000).verify(signature, '/graphql', '{}', { ...HEADERS, via: 'proxy', host: 'auth' })).toBe(true)
  })

  it.each([
    undefined,
    '',
    't=1000',
    't=1000,v1=',
    `t=1000,v1=${'0'.repeat(64)}`,
    `${signature},v1=${'0'.repeat(64)}`,
    signature.toUpperCase(),
    signature.replace('t=1000', 't=1001'),
  ])('is not %j', (forged) => {
    expect(at(1_000).verify(forged, '/graphql', '{}', HEADERS)).toBe(false)
  })

  it('is good for any body and for that body alone', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (body, other) => {
        const made = at(1_000).sign('/graphql', body, HEADERS)
        expect(at(1_000).verify(made, '/graphql', body, HEADERS)).toBe(true)
        expect(at(1_000).verify(made, '/graphql', other, HEADERS)).toBe(Buffer.from(body).equals(Buffer.from(other)))
      }),
    )
  })
})

describe('the body of an operation on a socket', () => {
  it('is the same whatever the order of the payload, and with what was left out or null', () => {
    const bodies = [
      { query: '{ a }', operationName: null, variables: null },
      { variables: undefined, query: '{ a }' },
      { query: '{ a }' },
    ].map(canonicalOperation)
    expect(new Set(bodies).size).toBe(1)
  })

  it('differs with the variables', () => {
    const body = (id: number) => canonicalOperation({ query: '{ a }', variables: { id } })
    expect(body(1)).not.toBe(body(2))
  })
})
