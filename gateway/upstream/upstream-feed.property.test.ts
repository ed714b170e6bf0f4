import { setImmediate as nextRound } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { LagBudget } from '../subscriptions/lag-budget.ts'
import { FeedBench, FeedReader } from '../testing/feed-reader.ts'

const ENDLESS_PATIENCE = { openingMs: 1e9, lostMs: 1e9 }

/** How many readers there are from the start; they say where they begin. */
const FIRST = 3

const MAX_READERS = 8

it('a resumable feed neither loses nor doubles anything, nor changes the order, whatever happens to it', async () => {
  const run = async (actions: readonly Action[], tellsBeginning: boolean) => {
    const trial = new Trial(tellsBeginning)
    for (const it of actions) await trial.act(it)
    await trial.settle()
    trial.check()
  }
  await fc.assert(fc.asyncProperty(fc.array(ACTION, { maxLength: 80, size: 'max' }), fc.boolean(), run), {
    numRuns: 100,
  })
})

type Action =
  | { kind: 'append' | 'wait' | 'drain' | 'drainOpening' | 'cutAfter' | 'join'; amount: number }
  | { kind: 'read'; reader: number; amount: number }
  | { kind: 'refuse'; code: string }
  | { kind: 'cut' | 'down' | 'up' | 'aside' | 'fail' }

const amount = (kind: 'append' | 'wait' | 'drain' | 'drainOpening' | 'cutAfter' | 'join', max: number) =>
  fc.record({ kind: fc.constant(kind), amount: fc.integer({ min: 1, max }) })

const ACTION: fc.Arbitrary<Action> = fc.oneof(
  { weight: 5, arbitrary: amount('append', 9) },
  { weight: 4, arbitrary: amount('wait', 700) },
  { weight: 1, arbitrary: amount('drain', 400) },
  { weight: 1, arbitrary: amount('drainOpening', 400) },
  { weight: 1, arbitrary: amount('cutAfter', 20) },
  { weight: 1, arbitrary: amount('join', 40) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('read'),
      reader: fc.nat({ max: MAX_READERS - 1 }),
      amount: fc.integer({ min: 1, max: 6 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('refuse'),
      code: fc.constantFrom('SUBGRAPH_UNAVAILABLE', 'INTERNAL_SERVER_ERROR'),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('cut', 'down', 'up', 'aside', 'fail') }) },
)

/** Readers of one log, and what happens to them. */
class Trial {
  readonly #bench = new FeedBench()
  readonly #budget = new LagBudget(400)
  readonly #readers: FeedReader[] = []
  /** What is said by the way is no beginning: where nobody says one, a stream may have to end with an error then. */
  readonly #tellsBeginning: boolean

  constructor(tellsBeginning: boolean) {
    this.#tellsBeginning = tellsBeginning
    this.#bench.upstream.tellsBeginning = tellsBeginning
    for (const maxEvents of [4, 6, 100]) this.#join(maxEvents, 0)
  }

  async act(action: Action): Promise<void> {
    const { upstream, timers } = this.#bench
    if (action.kind === 'join' && this.#readers.length < MAX_READERS) this.#join(action.amount, undefined)
    if (action.kind === 'append') this.#bench.append(action.amount)
    if (action.kind === 'wait') timers.advance(action.amount)
    if (action.kind === 'drain') upstream.drain(action.amount)
    if (action.kind === 'drainOpening') upstream.drains.push(action.amount)
    if (action.kind === 'cutAfter') upstream.cuts.push(action.amount)
    if (action.kind === 'cut' || action.kind === 'down') upstream.cut()
    if (action.kind === 'up' || action.kind === 'down') upstream.isUp = action.kind === 'up'
    if (action.kind === 'aside') upstream.sayAside()
    if (action.kind === 'refuse') upstream.refusals.push(action.code)
    if (action.kind === 'fail') upstream.failures.push('SUBGRAPH_UNAVAILABLE')
    if (action.kind === 'read') await this.#read(action)
  }

  /** Nothing bad happens any more, one more thing good, and everybody reads all that there is. */
  async settle(): Promise<void> {
    const { upstream, timers } = this.#bench
    upstream.isUp = true
    for (const list of [upstream.refusals, upstream.failures, upstream.drains, upstream.cuts]) list.length = 0
    timers.advance(6_000)
    this.#bench.append(1)
    for (let round = 0, after = 0; round < 500 && after < 10; round += 1) {
      timers.advance(50)
      for (const reader of this.#readers) void reader.take()
      await nextRound()
      if (this.#readers.every((reader) => this.#isDone(reader))) after += 1
    }
  }

  check(): void {
    for (const [index, reader] of this.#readers.entries()) {
      const { numbers } = reader
      const mayEnd = index >= FIRST && !this.#tellsBeginning
      const hasEnded = mayEnd && typeof numbers.at(-1) === 'string'
      if (hasEnded) expect(numbers.pop()).toMatch(/SUBGRAPH_UNAVAILABLE|OPERATION_TOO_EXPENSIVE/)
      const expected = this.#after(reader.begins)
      expect(numbers).toEqual(hasEnded ? expected.slice(0, numbers.length) : expected)
    }
    expect(this.#budget.characters).toBe(0)
  }

  #join(maxEvents: number, beginsAfter: number | undefined): void {
    const options = { budget: this.#budget, patience: ENDLESS_PATIENCE, maxEvents, beginsAfter }
    this.#readers.push(new FeedReader(this.#bench, options))
  }

  async #read({ reader, amount }: { reader: number; amount: number }): Promise<void> {
    for (let count = 0; count < amount; count += 1) {
      void this.#readers[reader]?.take()
      await nextRound()
    }
  }

  #isDone({ numbers, begins }: FeedReader): boolean {
    return typeof numbers.at(-1) === 'string' || numbers.length >= this.#after(begins).length
  }

  #after(begins: number | undefined): number[] {
    const { length } = this.#bench.upstream
    const from = begins ?? length
    return Array.from({ length: length - from }, (_, index) => from + index + 1)
  }
}
