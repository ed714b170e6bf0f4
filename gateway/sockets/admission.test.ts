import { beforeEach, describe, expect, it } from 'vitest'
import type { Viewer } from '../../platform/access-token.ts'
import type { Client } from '../identity/client.ts'
import { SocketAdmission } from './admission.ts'

let now: number
let admission: SocketAdmission

beforeEach(() => {
  now = 0
  admission = new SocketAdmission({ sockets: 100, perSecond: 2, perUser: 2 }, () => now)
})

const statusOf = (open = 0) => admission.refuse(open)?.status

/** Lets in whoever may come at once. */
function useUp(): void {
  for (let count = 0; count < 20; count += 1) expect(statusOf()).toBeUndefined()
}

describe('new sockets', () => {
  it('are ten seconds’ worth at once, and then so many a second', () => {
    useUp()
    expect(statusOf()).toBe('429 Too Many Requests')
    now += 1_000
    expect([statusOf(), statusOf(), statusOf()]).toEqual([undefined, undefined, '429 Too Many Requests'])
    now += 3_600_000
    useUp()
    expect(statusOf()).toBe('429 Too Many Requests')
  })

  it('that come too fast are asked to come back one after the other, within a minute', () => {
    useUp()
    const waits = Array.from({ length: 200 }, () => admission.refuse(0)?.retryAfterSeconds ?? 0)
    expect(waits.slice(0, 6)).toEqual([1, 1, 2, 2, 3, 3])
    expect(Math.min(...waits.slice(118))).toBeGreaterThanOrEqual(30)
    expect(Math.max(...waits)).toBeLessThanOrEqual(60)
    now += 100_000
    useUp()
    expect(admission.refuse(0)?.retryAfterSeconds).toBe(1)
  })

  it('are refused by a full process, which costs the rate nothing', () => {
    for (let count = 0; count < 50; count += 1) {
      const refusal = admission.refuse(100)
      expect(refusal?.status).toBe('503 Service Unavailable')
      expect(refusal?.retryAfterSeconds).toBeGreaterThanOrEqual(5)
      expect(refusal?.retryAfterSeconds).toBeLessThanOrEqual(10)
    }
    useUp()
  })
})

describe('the sockets of one owner', () => {
  const viewer = (userId: string) => ({ userId }) as Viewer
  const client = (address: string, userId?: string): Client => ({
    address,
    viewer: userId === undefined ? null : viewer(userId),
  })

  it('are limited for each user wherever they come from, and for each address that is not signed in', () => {
    for (const first of [client('192.0.2.1', 'ada'), client('192.0.2.1')]) {
      expect(admission.enter(first)).toBeTypeOf('function')
      expect(admission.enter(first)).toBeTypeOf('function')
      const refusal = admission.enter(first)
      expect(JSON.parse(String(refusal))).toEqual({ code: 'TOO_MANY_SOCKETS', retryAfterMs: expect.any(Number) })
      expect(String(refusal).length).toBeLessThanOrEqual(123)
    }
    expect(admission.enter(client('192.0.2.2', 'ada'))).toBeTypeOf('string')
    expect(admission.enter(client('192.0.2.2', 'bob'))).toBeTypeOf('function')
    expect(admission.enter(client('192.0.2.2'))).toBeTypeOf('function')
  })

  it('make room when they close, and leave nothing behind', () => {
    const leave = [1, 2].map(() => admission.enter(client('192.0.2.1')))
    expect(admission.enter(client('192.0.2.1'))).toBeTypeOf('string')
    expect(admission.owners).toBe(1)
    for (const left of leave) if (typeof left === 'function') left()
    expect(admission.owners).toBe(0)
    expect(admission.enter(client('192.0.2.1'))).toBeTypeOf('function')
  })
})
