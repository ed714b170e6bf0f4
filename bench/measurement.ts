/** The milliseconds of each work, round by round and each round in a random order: what else goes on falls on all. */
export async function measureInTurn(works: readonly (() => Promise<number>)[], rounds: number): Promise<number[][]> {
  const times = works.map((work) => ({ work, taken: [] as number[] }))
  for (let round = 0; round < rounds; round += 1) {
    const order = Math.random() < 0.5 ? times : times.toReversed()
    for (const { work, taken } of order) taken.push(await work())
  }
  return times.map(({ taken }) => taken)
}

/** How many milliseconds it takes. */
export async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}

/** The value below which this share (0 to 1) of them lies, between the two nearest ones where it falls between. */
export function quantile(values: readonly number[], share: number): number {
  const ascending = values.toSorted((a, b) => a - b)
  const place = (ascending.length - 1) * share
  const [below = Number.NaN, above = Number.NaN] = [ascending[Math.floor(place)], ascending[Math.ceil(place)]]
  return below + (above - below) * (place - Math.floor(place))
}

/** The figures of one side in a line. */
export function describeTimes(times: readonly number[]): string {
  const [p50, p95] = [quantile(times, 0.5), quantile(times, 0.95)]
  return `p50 ${p50.toFixed(2)} ms, p95 ${p95.toFixed(2)} ms (${times.length})`
}

/** Prints a line. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** Prints a ratio beside its target, and lets the run fail when it lies beyond. */
export function judge(what: string, ratio: number, target: { atMost: number } | { atLeast: number }): void {
  const isFine = 'atMost' in target ? ratio <= target.atMost : ratio >= target.atLeast
  const words = 'atMost' in target ? `at most ${target.atMost}` : `at least ${target.atLeast}`
  print(`${what}: ${ratio.toFixed(3)} (${isFine ? 'within' : 'NOT within'} the target, ${words})`)
  if (!isFine) process.exitCode = 1
}
