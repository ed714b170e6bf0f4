import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * The time of a graph, which a test can set forward: also in processes of their own, which read from a file what the test
 * has done to it.
 */
export class TestClock implements Disposable {
  /** Two numbers of eight bytes, in the machine's order: how far it is ahead, and where it stands, 0 when it runs. */
  readonly path: string
  readonly #folder: string
  readonly #file: number
  readonly #standsAtMs: number
  #aheadMs = 0

  /** @param pace whether it runs as the machine's does, or stands where the test has left it. */
  constructor(pace: 'running' | 'standing') {
    // At a full second, as tokens count the time.
    this.#standsAtMs = pace === 'standing' ? Math.floor(Date.now() / 1000) * 1000 : 0
    this.#folder = mkdtempSync(join(tmpdir(), 'parley-clock-'))
    this.path = join(this.#folder, 'clock')
    this.#file = openSync(this.path, 'w')
    this.set(0)
  }

  readonly now = (): Date => new Date((this.#standsAtMs || Date.now()) + this.#aheadMs)

  /** Sets it forward by so many milliseconds more. */
  advance(ms: number): void {
    this.set(this.#aheadMs + ms)
  }

  /** Sets it to so many milliseconds ahead of where it began. */
  set(aheadMs: number): void {
    this.#aheadMs = aheadMs
    writeSync(this.#file, new Uint8Array(new Float64Array([aheadMs, this.#standsAtMs]).buffer), 0, null, 0)
  }

  [Symbol.dispose](): void {
    closeSync(this.#file)
    rmSync(this.#folder, { recursive: true })
  }
}
