import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { RepeatedWork } from './repeated-work.ts'

const EVERY_MS = 1_000
const NEVER_MS = 2 ** 30

/** Runs that last until the test ends them, oldest first. */
class Runs {
  readonly #underWay: PromiseWithResolvers<void>[] = []
  begun = 0
  mostAtOnce = 0

  readonly begin = (): Promise<void> => {
    const run = Promise.withResolvers<void>()
    this.begun += 1
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#underWay.push(run))
    return run.promise
  }

  end(): void {
    this.#underWay.shift()?.resolve()
  }

  fail(error: Error): void {
    this.#underWay.shift()?.reject(error)
  }
}

function setUp(everyMs = NEVER_MS) {
  const runs = new Runs()
  const failures: unknown[] = []
  const work = new RepeatedWork({ everyMs, work: runs.begin, onFailure: (error) => failures.push(error) })
  onTestFinished(async () => {
    const stopped = work[Symbol.asyncDispose]()
    runs.end()
    await stopped
  })
  return { runs, work, failures }
}

function fakeTimer(): void {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
}

describe('repeated work', () => {
  it('is done each time its interval has passed, and not before', async () => {
    fakeTimer()
    const { runs } = setUp(EVERY_MS)
    await vi.advanceTimersByTimeAsync(EVERY_MS - 1)
    expect(runs.begun).toBe(0)
    await vi.advanceTimersByTimeAsync(1)
    expect(runs.begun).toBe(1)
    runs.end()
    await vi.advanceTimersByTimeAsync(EVERY_MS)
    expect(runs.begun).toBe(2)
  })

  it('is done at once when it is woken, each time', async () => {
    const { runs, work } = setUp()
    for (const begun of [1, 2, 3]) {
      const woken = work.wake()
      expect(runs.begun).toBe(begun)
      runs.end()
      await woken
    }
  })

  it('has one run at a time, and one more for all who woke it during that', async () => {
    const { runs, work } = setUp()
    void work.wake()
    const woken = Promise.all([work.wake(), work.wake(), work.wake()])
    expect(runs.begun).toBe(1)
    runs.end()
    await expect.poll(() => runs.begun).toBe(2)
    runs.end()
    await woken
    expect([runs.begun, runs.mostAtOnce]).toEqual([2, 1])
  })

  it('does not let two runs overlap when it is woken at the very end of one', async () => {
    const { runs, work } = setUp()
    const woken = [work.wake(), work.wake()]
    runs.end()
    // Longer than a promise takes from one callback to the next, however many there are.
    for (let turn = 0; turn < 20; turn += 1) {
      woken.push(work.wake())
      await null
    }
    expect(runs.mostAtOnce).toBe(1)
    runs.end()
    await expect.poll(() => runs.begun).toBe(3)
    runs.end()
    await Promise.all(woken)
    expect([runs.begun, runs.mostAtOnce]).toEqual([3, 1])
  })

  it('tells whoever woke it when a run has ended that began afterwards', async () => {
    const { runs, work } = setUp()
    const log: string[] = []
    const first = work.wake().then(() => log.push('first'))
    const second = work.wake().then(() => log.push('second'))
    runs.end()
    await first
    await expect.poll(() => runs.begun).toBe(2)
    expect(log).toEqual(['first'])
    runs.end()
    await second
    expect(log).toEqual(['first', 'second'])
  })

  it('goes on after a failure, which it reports', async () => {
    const { runs, work, failures } = setUp()
    const failure = new Error('the database is away')
    const woken = [work.wake(), work.wake()]
    runs.fail(failure)
    await expect.poll(() => runs.begun).toBe(2)
    runs.end()
    await Promise.all(woken)
    expect(failures).toEqual([failure])
  })

  it('waits for the run under way when it is stopped, begins no other, and leaves no timer', async () => {
    fakeTimer()
    const { runs, work } = setUp(EVERY_MS)
    const woken = [work.wake(), work.wake()]
    let isOver = false
    const stopped = work[Symbol.asyncDispose]().then(() => {
      isOver = true
    })
    await vi.advanceTimersByTimeAsync(EVERY_MS)
    expect([work.isStopped, isOver]).toEqual([true, false])
    runs.end()
    await Promise.all([stopped, ...woken, work.wake()])
    expect([runs.begun, vi.getTimerCount()]).toEqual([1, 0])
  })
})
