/**
 * Everything that can be known about the code without running it, in one command: `npm run check`.
 * The checks run side by side; each one's output appears in one piece, and one failure does not hide the next.
 */
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

type Check = { readonly title: string; readonly command: readonly [program: string, ...options: string[]] }
type Result = { readonly title: string; readonly passed: boolean; readonly output: string; readonly seconds: number }

const TIMEOUT_MS = 300_000
const root = join(import.meta.dirname, '..')

// The slowest come first, so that the short ones fill the gaps.
const checks: readonly Check[] = [
  { title: 'types', command: ['node_modules/typescript/bin/tsc', '--noEmit', '--pretty', 'false'] },
  {
    title: 'unused code and dependencies',
    command: ['node_modules/knip/bin/knip.js', '--no-progress'],
  },
  {
    title: 'import boundaries and cycles',
    command: ['node_modules/dependency-cruiser/bin/dependency-cruiser.mjs', '.', '--output-type', 'err-long'],
  },
  { title: 'format and lint', command: ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings'] },
  { title: 'schema drift', command: ['schema/build.ts', '--check'] },
  { title: 'docs drift', command: ['scripts/docs/build.ts', '--check'] },
  { title: 'size budget', command: ['scripts/size-budget.ts'] },
  { title: 'loose ends', command: ['scripts/loose-ends.ts'] },
]

async function run({ title, command }: Check): Promise<Result> {
  const startedAt = performance.now()
  const child = spawn(process.execPath, command, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], timeout: TIMEOUT_MS })
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`could not start: ${error.message}`))
    child.once('exit', (code, signal) => resolve(code === 0 ? '' : `ended with ${signal ?? `exit code ${code}`}`))
  })
  const [failure, output, errors] = await Promise.all([exited, text(child.stdout), text(child.stderr)])
  return {
    title,
    passed: failure === '',
    output: [output, errors, failure]
      .map((part) => part.trim())
      .filter(Boolean)
      .join('\n'),
    seconds: (performance.now() - startedAt) / 1000,
  }
}

function report({ title, output, passed, seconds }: Result): void {
  console.log(`\n── ${title} ${passed ? 'passed' : 'FAILED'} (${seconds.toFixed(1)} s)`)
  if (output) console.log(output)
}

/** Runs as many checks at once as there are processors, and reports each as soon as it ends. */
async function runAll(waiting: Check[]): Promise<Result[]> {
  const results: Result[] = []
  const worker = async () => {
    for (let check = waiting.shift(); check; check = waiting.shift()) {
      const result = await run(check)
      results.push(result)
      report(result)
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, worker))
  return results
}

const results = await runAll([...checks])
const failed = results.filter(({ passed }) => !passed).map(({ title }) => title)
console.log(`\n${results.length - failed.length} of ${checks.length} checks passed`)
if (failed.length > 0) console.error(`failed: ${failed.join(', ')}`)
process.exitCode = failed.length === 0 ? 0 : 1
