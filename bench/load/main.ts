/**
 * Loads a graph on this machine the way people do, and judges what everybody was told:
 *
 *   npm run load                                                     a graph of its own, 20 users, a minute
 *   npm run load -- --users 200 --minutes 5 --rate 40                messages a second, of all users together
 *   npm run load -- --url http://127.0.0.1:4000 --replies 0.1        a deployment of one's own; one message in ten asks
 *
 * `--out` names the chart (SVG), `--accounts` where the test accounts of a deployment are kept, `--seed` what is drawn.
 * Exits with 1 when a message was lost, doubled or out of order, or when more than 1 % of the requests failed.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { toldToStop } from '../../tests/support/told-to-stop.ts'
import { drawChart } from './chart.ts'
import { runLoad } from './load.ts'
import { type LoadOptions, readLoadOptions, UsageError } from './options.ts'
import { startOwnGraph } from './own-graph.ts'
import { describeProgress, summarise } from './summary.ts'

const say = (line: string) => process.stdout.write(`${line}\n`)
/** Over the line before it where that can be done. */
const showProgress = (line: string) => process.stdout.write(process.stdout.isTTY ? `\r\u001B[2K${line}` : `${line}\n`)

const stopped = toldToStop()

async function load(options: LoadOptions): Promise<boolean> {
  if (options.url === undefined) say('starting a graph of its own')
  await using own = options.url === undefined ? await startOwnGraph() : undefined
  const origin = options.url ?? own?.url ?? ''
  say(`loading ${origin}, seed ${options.seed}; Ctrl+C ends it with a summary`)
  const result = await runLoad({
    ...options,
    origin,
    accounts: own ? undefined : options.accounts,
    signal: stopped,
    say,
    onProgress: (progress) => showProgress(describeProgress(progress)),
  })
  say(`\n${summarise(result)}`)
  await mkdir(dirname(options.out), { recursive: true })
  await writeFile(options.out, drawChart(result))
  say(`The chart is in ${options.out}.`)
  return result.isGood
}

try {
  process.exitCode = (await load(readLoadOptions(process.argv.slice(2)))) ? 0 : 1
} catch (error) {
  const isTold = error instanceof UsageError || stopped.aborted
  process.stderr.write(`${isTold && error instanceof Error ? error.message : ((error as Error).stack ?? error)}\n`)
  process.exitCode = error instanceof UsageError ? 2 : 1
}
process.exit()
