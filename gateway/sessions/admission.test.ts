import { beforeEach, describe, expect, it } from 'vitest'
import type { Viewer } from '../../platform/access-token.ts'
import type { Client } from '../identity/client.ts'
import { Admission } from './admission.ts'

let now: number
let admission: Admission

beforeEach(() => {
  now = 0
  admission = new Admission({ connections: 100, perSecond: 2, perUser: 2 }, () => now)
})

const statusOf = () => admission.refuse()?.status

/** Lets in whoever may come at once. */
function useUp(): void {
  for (let count = 0; count < 20; count += 1) expect(statusOf()).toBeUndefined()
}

describe('new connections', () => {
  it('are ten seconds’ worth at once, and then so many a second', () => {
    useUp()
    expect(statusOf()).toBe(429)
    now += 1_000
    expect([statusOf(), statusOf(), statusOf()]).toEqual([undefined, undefined, 429])
    now += 3_600_000
    useUp()
    expect(statusOf()).toBe(429)
  })

  it('that come too fast are asked to come back one after the other, within a minute', () => {
    useUp()
    const waits = Array.from({ length: 200 }, () => admission.refuse()?.retryAfterSeconds ?? 0)
    expect(waits.slice(0, 6)).toEqual([1, 1, 2, 2, 3, 3])
    expect(Math.min(...waits.slice(118))).toBeGreaterThanOrEqual(30)
    expect(Math.max(...waits)).toBeLessThanOrEqual(60)
    now += 100_000
    useUp()
    expect(admission.refuse()?.retryAfterSeconds).toBe(1)
  })

  it('are refused by a full process, which costs the rate nothing', () => {
    for (let count = 0; count < 100; count += 1) admission.opened()
    for (let count = 0; count < 50; count += 1) {
      const refusal = admission.refuse()
      expect(refusal?.status).toBe(503)
      expect(refusal?.retryAfterSeconds).toBeGreaterThanOrEqual(5)
      expect(refusal?.retryAfterSeconds).toBeLessThanOrEqual(10)
    }
    for (let count = 0; count < 100; count += 1) admission.closed()
    useUp()
  })
})

describe('the connections of one owner', () => {
  const viewer = (userId: string) => ({ userId }) as Viewer
  const client = (address: string, userId?: string): Client => ({
    address,
    viewer: userId === undefined ? null : viewer(userId),
  })

  it('are limited for each user wherever they come from, and for each address that is not signed in', () => {
    for (const first of [client('192.0.2.1', 'ada'), client('192.0.2.1')]) {
      expect(admission.enter(first)).toBeTypeOf('function')
      expect(admission.enter(first)).toBeTypeOf('function')
      expect(admission.enter(first)).toEqual({ status: 429, retryAfterSeconds: expect.any(Number) })
    }
    expect(admission.enter(client('192.0.2.2', 'ada'))).toBeTypeOf('object')
    expect(admission.enter(client('192.0.2.2', 'bob'))).toBeTypeOf('function')
    expect(admission.enter(client('192.0.2.2'))).toBeTypeOf('function')
  })

  it('make room when they close, and leave nothing behind', () => {
    const leave = [1, 2].map(() => admission.enter(client('192.0.2.1')))
    expect(admission.enter(client('192.0.2.1'))).toBeTypeOf('object')
    expect(admission.owners).toBe(1)
    for (const left of leave) if (typeof left === 'function') left()
    expect(admission.owners).toBe(0)
    expect(admission.enter(client('192.0.2.1'))).toBeTypeOf('function')
  })
})
