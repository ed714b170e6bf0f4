import { setImmediate } from 'node:timers/promises'
import { beforeEach, describe, expect, it } from 'vitest'
import { ResultFrames } from './frames.ts'

/** A stream whose results are there, or come when they are given. */
class Results {
  readonly #there: string[]
  readonly #isEndless: boolean
  #pending: PromiseWithResolvers<IteratorResult<string, undefined>> | undefined
  returned = 0

  constructor(there: string[], options: { isEndless: boolean }) {
    this.#there = there
    this.#isEndless = options.isEndless
  }

  get taken(): number {
    return -this.#there.length
  }

  give(value: string): void {
    this.#pending?.resolve({ done: false, value })
  }

  async next(): Promise<IteratorResult<string, undefined>> {
    const value = this.#there.shift()
    if (value !== undefined) return { done: false, value }
    if (!this.#isEndless) return { done: true, value: undefined }
    this.#pending = Promise.withResolvers()
    return this.#pending.promise
  }

  async return(): Promise<IteratorResult<string, undefined>> {
    this.returned += 1
    this.#pending?.resolve({ done: true, value: undefined })
    return { done: true, value: undefined }
  }
}

const DONE = { done: true, value: undefined }

let sent: string[]
const send = async (frame: string) => void sent.push(frame)

beforeEach(() => {
  sent = []
})

describe('results as frames', () => {
  it('carry each text as it is, under the id of the operation, and never yield', async () => {
    const frames = new ResultFrames('a "quoted" id', new Results(['{"data":  1}', '[2]'], { isEndless: false }), send)
    expect(await frames.next()).toEqual(DONE)
    expect(sent).toEqual([
      '{"id":"a \\"quoted\\" id","type":"next","payload":{"data":  1}}',
      '{"id":"a \\"quoted\\" id","type":"next","payload":[2]}',
    ])
    for (const frame of sent) expect(JSON.parse(frame)).toMatchObject({ id: 'a "quoted" id', type: 'next' })
  })

  it('are taken one by one, as the socket takes them', async () => {
    const results = new Results(['1', '2', '3'], { isEndless: false })
    const takers: (() => void)[] = []
    const done = new ResultFrames('1', results, () => new Promise((resolve) => takers.push(resolve))).next()
    for (const left of [2, 1, 0]) {
      await setImmediate()
      expect(results.taken).toBe(-left)
      takers.shift()?.()
    }
    expect(await done).toEqual(DONE)
  })

  it('end when they are left, and nothing is sent afterwards', async () => {
    const results = new Results(['1'], { isEndless: true })
    const frames = new ResultFrames('1', results, send)
    const done = frames.next()
    await setImmediate()
    results.give('2')
    expect(await frames.return()).toEqual(DONE)
    expect(await done).toEqual(DONE)
    expect([sent.length, results.returned]).toEqual([1, 1])
  })

  it('leave their stream when the socket fails', async () => {
    const results = new Results(['1'], { isEndless: true })
    const frames = new ResultFrames('1', results, () => Promise.reject(new Error('broken')))
    await expect(frames.next()).rejects.toThrow('broken')
    expect(results.returned).toBe(1)
  })
})
