import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { requireNats } from '../../platform/testing/nats-server.ts'
import { newTemporaryFolder, removeFolder } from '../../platform/testing/temporary-folder.ts'
import type { Breach } from './breach.ts'
import { runConnectCycles } from './connect-cycles.ts'
import { FAULTS, type Fault, faultNamed } from './faults.ts'
import { explain, summarise, summariseJudged, tableOf } from './report.ts'
import { Run } from './run.ts'
import { SeededRandom } from './seeded-random.ts'
import { isNatsInstalled } from './store-processes.ts'

vi.setConfig({ testTimeout: 180_000, hookTimeout: 120_000 })

const ALWAYS = ['kill-chat', 'kill-gateway', 'restart-chat']
const SAMPLE = 1
/** These restart everything, or wait for long, and are left to the long run. */
const TOO_LONG = ['rolling-restart', 'restart-gateway', 'freeze-clients', 'freeze-nats']
const CYCLES = 250

const seed = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000)
const random = new SeededRandom(seed)

let folder: string
let run: Run
/** Then the processes' logs are kept. */
let hasFailed = false

beforeAll(async () => {
  // Each test says that it could not run.
  if (!isNatsInstalled()) return
  folder = await newTemporaryFolder()
  run = await Run.begin({
    folder,
    random,
    loadRandom: new SeededRandom(seed + 1),
    people: 5,
    messagesPerSecond: 3,
  })
})

afterAll(async () => {
  await run?.[Symbol.asyncDispose]()
  if (folder && !hasFailed) await removeFolder(folder)
})

/** Some that are always suffered, and one that the seed picks. */
function sample(): Fault[] {
  const others = FAULTS.filter(({ name }) => !ALWAYS.includes(name) && !TOO_LONG.includes(name))
  return [...ALWAYS.map(faultNamed), ...random.shuffled(others).slice(0, SAMPLE)]
}

function expectNone(breaches: readonly Breach[]): void {
  hasFailed ||= breaches.length > 0
  const told = explain(breaches, run.recorder.entries[0]?.at ?? 0)
  expect(breaches, `TEST_SEED=${seed}, logs in ${folder}: ${told}`).toEqual([])
}

describe('Two gateways, three chats, auth, Postgres and NATS under load', () => {
  it('lose nothing, double nothing and confuse nothing, whatever is killed, cut or restarted', async (context) => {
    requireNats(context)
    process.stdout.write(`TEST_SEED=${seed}\n`)
    const started = performance.now()
    for (const fault of sample()) {
      // Once for long, so that something can be late at all.
      const phase = await run.suffer(fault, run.phases.length === 0 ? 'long' : 'short')
      process.stdout.write(`${summarise(phase, run.recorder, []).slice(0, -1).join(' ')}\n`)
    }
    const verdict = await run.judge()
    process.stdout.write(`${tableOf(run.phases, run.recorder, verdict.breaches)}\n${summariseJudged(verdict)}\n`)
    expectNone(verdict.breaches)
    expect(verdict.judgedEnds).toBeGreaterThan(0)
    // Faults alone would prove nothing.
    expect(run.recorder.between('ack', started).length).toBeGreaterThan(20)
  })

  it(`let go of everything after ${CYCLES} clients have come and gone`, async (context) => {
    requireNats(context)
    await run.quieten()
    const [room] = run.crowd.rooms
    if (!room) throw new Error('The crowd has no conversation.')
    const breaches = await runConnectCycles({ rig: run.rig, room, cycles: CYCLES, random })
    expectNone(breaches)
  })
})
