import { describe, expect, test } from 'vitest'
import { readNatsUrl } from './address.ts'

describe('The URL of NATS', () => {
  test.each([
    ['nats://localhost', { servers: ['localhost'] }],
    ['nats://localhost:4223/', { servers: ['localhost:4223'] }],
    ['nats://[::1]:4222', { servers: ['[::1]:4222'] }],
    ['nats://one:1,  nats://two:2 ,nats://three', { servers: ['one:1', 'two:2', 'three'] }],
    ['nats://ada:p%40ss%2C@host', { servers: ['host'], user: 'ada', pass: 'p@ss,' }],
    ['nats://t%3Aken@host', { servers: ['host'], token: 't:ken' }],
    ['nats://ada:pass@one,nats://two', { servers: ['one', 'two'], user: 'ada', pass: 'pass' }],
    ['nats://ada:pass@one,nats://ada:pass@two', { servers: ['one', 'two'], user: 'ada', pass: 'pass' }],
    ['tls://host', { servers: ['host'], tls: {} }],
    ['nats://one,tls://two', { servers: ['one', 'two'], tls: {} }],
  ])('is read from %s', (text, address) => {
    expect(readNatsUrl(text)).toEqual(address)
  })

  test.each([
    '',
    'localhost:4222',
    'http://localhost:4222',
    'ws://localhost:4222',
    'nats://',
    'nats://host:port',
    'nats://host/path',
    'nats://host?query',
    'nats://host,',
    'nats://host localhost',
    'nats://%:pass@host',
    'nats://ada:pass@one,nats://grace:pass@two',
  ])('is not read from %j', (text) => {
    expect(readNatsUrl(text)).toBeUndefined()
  })
})
