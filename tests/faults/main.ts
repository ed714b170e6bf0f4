/**
 * Runs the whole deployment in real processes, does to it what happens in the field, and judges what clients saw:
 *
 *   npm run faults -- --minutes 10 --seed 7        every fault once, then pairs of them
 *   npm run faults -- --fault kill-chat+kill-nats  the same one again and again
 *   npm run faults -- --cycles 10000               only connects and disconnects, and looks for what is left over
 */
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { toldToStop } from '../support/told-to-stop.ts'
import type { Breach } from './breach.ts'
import { runConnectCycles } from './connect-cycles.ts'
import { endlessFaults, faultNamed } from './faults.ts'
import { explain, summarise, summariseJudged, tableOf } from './report.ts'
import { Run } from './run.ts'
import { SeededRandom } from './seeded-random.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '2' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    fault: { type: 'string' },
    cycles: { type: 'string' },
    people: { type: 'string', default: '8' },
    rate: { type: 'string', default: '5' },
  },
})

const given = values.fault === undefined ? undefined : faultNamed(values.fault)

const say = (line: string) => process.stdout.write(`${line}\n`)

const stopped = toldToStop()

async function sufferFor(run: Run, random: SeededRandom): Promise<void> {
  const deadline = performance.now() + Number(values.minutes) * 60_000
  for (const fault of endlessFaults(random)) {
    if (stopped.aborted || performance.now() > deadline) return
    const [name, acked, delivered, reconnects, resets, worst, caughtUp] = summarise(
      await run.suffer(given ?? fault, 'long'),
      run.recorder,
      [],
    )
    say(
      `${name}: ${acked} acked, ${delivered} delivered, ${reconnects} reconnects, ${resets} resets, ` +
        `worst delivery ${worst} ms, caught up after ${caughtUp} ms`,
    )
  }
}

async function cycle({ rig, crowd }: Run, cycles: number, random: SeededRandom): Promise<Breach[]> {
  const [room] = crowd.rooms
  if (!room) throw new RangeError('There is no conversation to follow.')
  return runConnectCycles({ rig, room, cycles, random, onProgress: (done) => say(`${done} connect cycles`) })
}

async function main(): Promise<boolean> {
  const seed = Number(values.seed)
  const random = new SeededRandom(seed)
  const folder = await mkdtemp(join(tmpdir(), 'parley-faults-'))
  say(`seed ${seed}; logs and history in ${folder}`)
  await using run = await Run.begin({
    folder,
    random,
    loadRandom: new SeededRandom(seed + 1),
    people: Number(values.people),
    messagesPerSecond: Number(values.rate),
    historyPath: join(folder, 'history.jsonl'),
  })
  const startedAt = performance.now()
  if (values.cycles === undefined) await sufferFor(run, random)
  await run.quieten()
  const leaks = values.cycles === undefined ? [] : await cycle(run, Number(values.cycles), random)
  const verdict = await run.judge()
  const breaches = [...verdict.breaches, ...leaks]
  for (const { text } of run.recorder.between('note', 0)) if (text.includes('lost')) say(`note: ${text}`)
  say(`\n${tableOf(run.phases, run.recorder, breaches)}\n\n${explain(breaches, startedAt)}`)
  say(summariseJudged(verdict))
  return breaches.length === 0
}

process.exit((await main()) ? 0 : 1)
