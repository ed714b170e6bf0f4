/**
 * Pulls the plug in the middle of an AI reply and looks at what the reader has at the end: Parley and, in turn with it,
 * `resumable-stream` (npm, over a real Redis), which makes streams that "a client can resume after they lost a
 * connection". Both take the text from the same model, and their readers come back with what they have until the text is
 * whole or their patience is at an end. Two faults: the reader's connection is cut; the server is killed with SIGKILL and
 * started again at once. Prints how many of the texts came whole and how long the worst took; fails when one of
 * Parley's did not. Needs `redis-server` on the PATH and `npm ci --prefix bench/peers`.
 */
import { startDemoModel } from '../local/demo-model/demo-model.ts'
import { Resources } from '../platform/resources.ts'
import { print } from './measurement.ts'
import { openParley } from './resume-parley.ts'
import { openPeer } from './resume-peer.ts'
import type { Fault, Side } from './resume-side.ts'

const PROMPT = 'count to 300'
const TRIALS = Number(process.env.TRIALS ?? 5)
const FAULTS: Record<Fault, string> = { reader: "the reader's connection is cut", server: 'the server is killed' }

const resources = new Resources()
try {
  const model = resources.use(await startDemoModel({ pieceDelayMs: 10 }))
  const wanted = await wholeAnswer(model.baseUrl)
  const told = { modelUrl: model.baseUrl, prompt: PROMPT, length: wanted.length }
  const sides = [await openParley(resources, told), await openPeer(resources, told)]
  for (const fault of ['reader', 'server'] as const) {
    print(`\nIn the middle of a text of ${wanted.length} characters ${FAULTS[fault]}:`)
    const counts = await tryInTurn(sides, fault, wanted)
    for (const { side, whole, worstSeconds } of counts) {
      print(`  ${side.title.padEnd(40)} ${whole} of ${TRIALS} whole, the slowest after ${worstSeconds.toFixed(1)} s`)
      if (side === sides[0] && whole < TRIALS) process.exitCode = 1
    }
  }
} finally {
  await resources[Symbol.asyncDispose]()
}

async function tryInTurn(sides: readonly Side[], fault: Fault, wanted: string) {
  const counts = sides.map((side) => ({ side, whole: 0, worstSeconds: 0 }))
  for (let trial = 0; trial < TRIALS; trial += 1) {
    for (const count of counts) {
      const startedAt = performance.now()
      if ((await count.side.readThrough(fault)) === wanted) count.whole += 1
      count.worstSeconds = Math.max(count.worstSeconds, (performance.now() - startedAt) / 1_000)
    }
  }
  return counts
}

/** What the model answers, asked without streaming. */
async function wholeAnswer(modelUrl: string): Promise<string> {
  const response = await fetch(`${modelUrl}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'demo-offline', messages: [{ role: 'user', content: PROMPT }] }),
  })
  const { choices } = (await response.json()) as { choices: { message: { content: string } }[] }
  return choices[0]?.message.content ?? ''
}
