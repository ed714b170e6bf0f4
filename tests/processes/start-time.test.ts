import { expect, it, vi } from 'vitest'
import { temporaryFolder } from '../../platform/testing/temporary-folder.ts'
import { GraphClient } from '../support/graph-client.ts'
import { startGraph } from '../support/parley-process.ts'

vi.setConfig({ testTimeout: 150_000 })

/** For a machine that is busy with other tests; on an idle one it is a few seconds. */
const GENEROUS_MS = 60_000

/** Starts the graph, asks it something, and stops it. */
async function timeToFirstAnswer(dataDirectory: string): Promise<number> {
  const started = performance.now()
  const parley = await startGraph(dataDirectory)
  expect(await new GraphClient(parley.url).run('{ me { id } }').catch(String)).toEqual({ me: null })
  const tookMs = performance.now() - started
  parley.launcher.kill('SIGTERM')
  expect(await parley.exitCode()).toBe(0)
  return tookMs
}

it('A person who starts Parley has an answer soon, the first time and every other time.', async () => {
  const folder = await temporaryFolder()
  const [first, next] = [await timeToFirstAnswer(folder), await timeToFirstAnswer(folder)]
  process.stdout.write(`From start to first answer: ${Math.round(first)} ms at first, ${Math.round(next)} ms next\n`)
  expect(Math.max(first, next)).toBeLessThan(GENEROUS_MS)
})
