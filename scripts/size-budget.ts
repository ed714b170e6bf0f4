/** Fails when a file is longer than a reader can hold, and prints how long the files are. */
import { readFileSync } from 'node:fs'
import { listSourceFiles } from './source-files.ts'

const MAX_LINES = 350
const MEDIAN_LINES = 80
const P90_LINES = 220

type Size = { readonly path: string; readonly lines: number }

function measure(path: string): Size {
  return { path, lines: readFileSync(path, 'utf8').trimEnd().split('\n').length }
}

/** The nearest-rank percentile of sizes that are in ascending order. */
function percentile(ascending: readonly Size[], rank: number): number {
  return ascending[Math.ceil(ascending.length * rank) - 1]?.lines ?? 0
}

const sizes = listSourceFiles()
  .map(measure)
  .sort((a, b) => a.lines - b.lines)
const total = sizes.reduce((sum, { lines }) => sum + lines, 0)
console.log(
  `${sizes.length} files, ${total} lines: median ${percentile(sizes, 0.5)}, p90 ${percentile(sizes, 0.9)}, ` +
    `longest ${percentile(sizes, 1)} (limit ${MAX_LINES})`,
)
if (percentile(sizes, 0.5) > MEDIAN_LINES || percentile(sizes, 0.9) > P90_LINES) {
  console.error(
    `the median may be ${MEDIAN_LINES} and the 90th percentile ${P90_LINES}; split the longest by what they do`,
  )
  process.exitCode = 1
}
for (const { path, lines } of sizes.filter(({ lines }) => lines > MAX_LINES)) {
  console.error(`${path}: ${lines} lines; split it by what its parts do`)
  process.exitCode = 1
}
