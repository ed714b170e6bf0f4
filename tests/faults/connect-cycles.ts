import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { SEND_MESSAGE } from '../support/people.ts'
import type { StreamFrame } from './app-client.ts'
import type { Breach } from './breach.ts'
import type { Room } from './crowd.ts'
import { checkResources, measure } from './process-resources.ts'
import type { Rig } from './rig.ts'
import type { SeededRandom } from './seeded-random.ts'

/** How many clients come and go at once. */
const ABREAST = 10
/** The share that is run before the first look, so that caches and pools are full. */
const WARM_UP = 0.2
const SETTLE_MS = 10_000
const LOOK_EVERY_MS = 250
const REPORT_EVERY = 500
const FIRST_EVENT_MS = 10_000

const EVENTS = `subscription Events($id: ID!) { conversationEvents(conversationId: $id) { cursor } }`
const MESSAGES = `subscription Messages($id: ID!) { messageAdded(conversationId: $id, after: 0) { number } }`

export interface CycleOptions {
  readonly rig: Rig
  readonly cycles: number
  readonly random: SeededRandom
  /** Where the owner comes and goes. */
  readonly room: Room
  /** Told how far it is. */
  readonly onProgress?: (done: number) => void
}

/** Connects, follows and leaves so many times, politely and not, and looks whether the processes let go of it all. */
export async function runConnectCycles(options: CycleOptions): Promise<Breach[]> {
  const { rig, cycles, room } = options
  const input = { conversationId: room.id, body: 'Hello', clientId: randomUUID() }
  await room.owner.run(SEND_MESSAGE, { input })
  await runCycles(options, Math.ceil(cycles * WARM_UP))
  await delay(SETTLE_MS / 10)
  const base = await measure(rig.roles)
  await runCycles(options, cycles)
  const deadline = performance.now() + SETTLE_MS
  for (;;) {
    const breaches = checkResources(base, await measure(rig.roles), performance.now())
    if (breaches.length === 0 || performance.now() > deadline) return breaches
    await delay(LOOK_EVERY_MS)
  }
}

async function runCycles(options: CycleOptions, cycles: number): Promise<void> {
  let [begun, done] = [0, 0]
  const work = async () => {
    while (begun < cycles) {
      begun += 1
      await runCycle(options)
      done += 1
      if (done % REPORT_EVERY === 0) options.onProgress?.(done)
    }
  }
  await Promise.all(Array.from({ length: ABREAST }, work))
}

async function runCycle({ room, random }: CycleOptions): Promise<void> {
  const client = room.owner.another()
  const follow = (document: string) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const leave = client.subscribe(
      document,
      { id: room.id },
      {
        frame: ({ errors }: StreamFrame) => (errors ? reject(new Error(JSON.stringify(errors))) : resolve()),
        end: (end) => reject(new Error(`The stream ended before its first event: ${JSON.stringify(end)}.`)),
      },
    )
    return { first: promise, leave }
  }
  const streams = [EVENTS, MESSAGES].map(follow)
  try {
    const late = delay(FIRST_EVENT_MS, undefined, { ref: false }).then(() => {
      throw new Error('No first event came.')
    })
    await Promise.race([Promise.all(streams.map(({ first }) => first)), late])
    if (random.chance(0.5)) client.terminate()
    else for (const { leave } of streams) leave()
  } finally {
    await client[Symbol.asyncDispose]()
  }
}
