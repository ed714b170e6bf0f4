import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { SubgraphUnavailableError } from './errors.ts'
import { RemoteKeySet } from './key-set.ts'

const [first, second] = [newKey(), newKey()]

function newKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey
}

/** An auth service that publishes keys, counts the requests, and can be away. */
class Publisher {
  readonly published = new Map<string, KeyObject>()
  requests = 0
  answer: 'keys' | 'error' | 'nonsense' | 'nothing' = 'keys'

  readonly fetch: typeof fetch = async () => {
    this.requests += 1
    if (this.answer === 'nothing') throw new TypeError('fetch failed')
    if (this.answer === 'error') return new Response('', { status: 500 })
    if (this.answer === 'nonsense') return new Response('<html>')
    const keys = [...this.published].map(([kid, key]) => ({ ...key.export({ format: 'jwk' }), kid }))
    return Response.json({ keys })
  }
}

function setUp() {
  const publisher = new Publisher()
  publisher.published.set('first', first)
  const clock = { now: new Date('2030-01-01T00:00:00Z') }
  const keys = new RemoteKeySet('http://auth/.well-known/jwks.json', { fetch: publisher.fetch, now: () => clock.now })
  const pass = (ms: number) => {
    clock.now = new Date(clock.now.getTime() + ms)
  }
  return { publisher, keys, pass }
}

describe('the keys that auth publishes', () => {
  it('are asked for once, however many ask at the same time', async () => {
    const { publisher, keys } = setUp()
    const found = await Promise.all(Array.from({ length: 10 }, () => keys.find('first')))
    expect(found.every((key) => key?.equals(first))).toBe(true)
    expect(publisher.requests).toBe(1)
  })

  it('are kept for five minutes', async () => {
    const { publisher, keys, pass } = setUp()
    await keys.find('first')
    pass(5 * 60_000)
    await keys.find('first')
    expect(publisher.requests).toBe(1)
    pass(1)
    await keys.find('first')
    expect(publisher.requests).toBe(2)
  })

  it('are asked for again when a token names one that is new', async () => {
    const { publisher, keys, pass } = setUp()
    await keys.find('first')
    publisher.published.set('second', second)
    pass(1_000)
    expect((await keys.find('second'))?.equals(second)).toBe(true)
  })

  it('are not asked for more than once a second, however many unknown keys are named', async () => {
    const { publisher, keys, pass } = setUp()
    for (let index = 0; index < 100; index += 1) expect(await keys.find(`forged-${index}`)).toBeUndefined()
    expect(publisher.requests).toBe(1)
    pass(999)
    await keys.find('forged')
    expect(publisher.requests).toBe(1)
    pass(1)
    await keys.find('forged')
    expect(publisher.requests).toBe(2)
  })

  it('that were withdrawn are no longer good after five minutes', async () => {
    const { publisher, keys, pass } = setUp()
    await keys.find('first')
    publisher.published.clear()
    pass(5 * 60_000 + 1)
    expect(await keys.find('first')).toBeUndefined()
  })

  it('are not said to lack one while that cannot be known', async () => {
    const { publisher, keys, pass } = setUp()
    await keys.find('first')
    publisher.answer = 'nothing'
    pass(1_000)
    await expect(keys.find('second')).rejects.toThrow(SubgraphUnavailableError)
    await expect(keys.find('second')).rejects.toThrow(SubgraphUnavailableError)
    expect(publisher.requests).toBe(2)
  })

  it.each(['nothing', 'error', 'nonsense'] as const)('stay good for an hour while auth gives %s', async (answer) => {
    const { publisher, keys, pass } = setUp()
    await keys.find('first')
    publisher.answer = answer
    pass(60 * 60_000)
    expect((await keys.find('first'))?.equals(first)).toBe(true)
    pass(1)
    await expect(keys.find('first')).rejects.toThrow(SubgraphUnavailableError)
    await expect(keys.ready()).rejects.toThrow(SubgraphUnavailableError)
    publisher.answer = 'keys'
    pass(1_000)
    expect((await keys.find('first'))?.equals(first)).toBe(true)
    await keys.ready()
  })

  it('are read again after an hour in which nobody asked, and one that was withdrawn meanwhile is not good', async () => {
    const { publisher, keys, pass } = setUp()
    publisher.published.set('second', second)
    await keys.find('first')
    publisher.published.delete('first')
    pass(60 * 60_000 + 1)
    expect(await keys.find('first')).toBeUndefined()
    expect((await keys.find('second'))?.equals(second)).toBe(true)
  })

  it.each(['nothing', 'error', 'nonsense'] as const)('cannot be had at first while auth gives %s', async (answer) => {
    const { publisher, keys, pass } = setUp()
    publisher.answer = answer
    await expect(keys.ready()).rejects.toThrow(SubgraphUnavailableError)
    pass(1_000)
    await expect(keys.find('first')).rejects.toThrow(SubgraphUnavailableError)
    publisher.answer = 'keys'
    pass(1_000)
    await keys.ready()
    expect((await keys.find('first'))?.equals(first)).toBe(true)
  })
})
