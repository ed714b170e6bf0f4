import { setTimeout as delay } from 'node:timers/promises'
import type { Crowd } from './crowd.ts'
import type { LinkMode } from './link-mode.ts'
import type { Recorder } from './recorder.ts'
import { LINKS, type LinkName, type Rig } from './rig.ts'
import type { RoleProcess } from './role-process.ts'
import type { SeededRandom } from './seeded-random.ts'

/** Where a fault happens. */
export interface Scene {
  readonly rig: Rig
  readonly crowd: Crowd
  readonly recorder: Recorder
  readonly random: SeededRandom
}

/** Something that goes wrong, and is right again when `run` resolves. */
export interface Fault {
  readonly name: string
  /** What it concerns: two faults happen at once only to different things. */
  readonly target: string
  run(scene: Scene): Promise<void>
}

const FROZEN_MS = 8_000
const FROZEN_SHARE = 0.2
const NATS_FROZEN_MS = 5_000
const LOSSY_MS = 6_000
const DOORBELL_LOSS = 0.2
const LINK_FAULT_MS = [2_000, 4_000] as const
/** Until an orchestrator has noticed. */
const RESTART_MS = [300, 1_500] as const

function killOf(role: 'gateway' | 'chat' | 'auth'): Fault {
  return {
    name: `kill-${role}`,
    target: role,
    run: async ({ rig, random, recorder }) => {
      const victim = random.pick(rig[`${role}s`])
      recorder.note({ kind: 'note', text: `kill -9 ${victim.name}` })
      await victim.restart('kill', random.between(...RESTART_MS))
    },
  }
}

const killPostgres: Fault = {
  name: 'kill-postgres',
  target: 'postgres',
  run: async ({ rig, random }) => {
    await rig.postgres.kill()
    await delay(random.between(...RESTART_MS))
    await rig.postgres.start()
  },
}

const killNats: Fault = {
  name: 'kill-nats',
  target: 'nats',
  run: async ({ rig, random }) => {
    await rig.nats.kill()
    await delay(random.between(...RESTART_MS))
    await rig.nats.start()
  },
}

const freezeNats: Fault = {
  name: 'freeze-nats',
  target: 'nats',
  run: ({ rig }) => rig.nats.freeze(NATS_FROZEN_MS),
}

/** Bus messages are taken out of the stream between the NATS server and each process, one by one, as the bus itself may. */
const loseDoorbells: Fault = {
  name: 'lose-doorbells',
  target: 'doorbells',
  run: async ({ rig }) => {
    rig.doorbellLoss = DOORBELL_LOSS
    await delay(LOSSY_MS)
    rig.doorbellLoss = 0
  },
}

/** Puts one process's link into a mode for a while, or the links of all. */
async function disturb({ rig, random, recorder }: Scene, name: LinkName, mode: LinkMode, isCut = false): Promise<void> {
  const links = random.chance(0.5) ? rig.links[name] : [random.pick(rig.links[name])]
  recorder.note({ kind: 'note', text: `${mode.kind} on ${links.length} of ${rig.links[name].length} ${name}` })
  for (const link of links) {
    link.set(mode)
    if (isCut) link.cut()
  }
  await delay(random.between(...LINK_FAULT_MS))
  for (const link of links) link.heal()
}

const linkFaults = (name: LinkName): Fault[] => [
  { name: `cut-${name}`, target: name, run: (scene) => disturb(scene, name, { kind: 'refuse' }, true) },
  { name: `blackhole-${name}`, target: name, run: (scene) => disturb(scene, name, { kind: 'blackhole' }) },
  {
    name: `half-open-${name}`,
    target: name,
    run: (scene) => disturb(scene, name, { kind: 'blackhole', direction: scene.random.pick(['up', 'down']) }),
  },
]

/** What was committed, and never acknowledged: to the client, to the gateway, and by the database to chat. */
const lostAnswers = (
  [
    ['client-gateway', 1],
    ['gateway-chat', 1],
    ['chat-postgres', 0.2],
  ] as const
).map(
  ([name, chance]): Fault => ({
    name: `lost-answers-${name}`,
    target: name,
    run: (scene) => disturb(scene, name, { kind: 'unanswered', chance }),
  }),
)

const narrowClients: Fault = {
  name: 'throttle-client-gateway',
  target: 'client-gateway',
  run: (scene) => disturb(scene, 'client-gateway', { kind: 'throttle', bytesPerSecond: 20_000 }),
}

const slowLinks: Fault = {
  name: 'slow-links',
  target: 'links',
  run: async ({ rig }) => {
    const links = LINKS.flatMap((name) => rig.links[name])
    for (const link of links) link.set({ kind: 'delay', ms: 100, jitterMs: 20 })
    await delay(LOSSY_MS)
    for (const link of links) link.heal()
  },
}

const freezeClients: Fault = {
  name: 'freeze-clients',
  target: 'clients',
  run: async ({ crowd, random, recorder }) => {
    const count = Math.ceil(crowd.clients.length * FROZEN_SHARE)
    const frozen = random.shuffled(crowd.clients).slice(0, count)
    for (const client of frozen) {
      recorder.note({ kind: 'frozen', person: client.id })
      client.freeze()
    }
    await delay(FROZEN_MS)
    for (const client of frozen) {
      client.thaw()
      recorder.note({ kind: 'thawed', person: client.id })
    }
  },
}

/** One process after another, each ready before the next one stops. */
function rollingRestart(name: string, target: string, rolesOf: (rig: Rig) => readonly RoleProcess[]): Fault {
  return {
    name,
    target,
    run: async ({ rig, recorder }) => {
      for (const role of rolesOf(rig)) {
        recorder.note({ kind: 'note', text: `SIGTERM ${role.name}` })
        await role.restart('stop', 0)
      }
    },
  }
}

/** Everything that can go wrong. */
export const FAULTS: readonly Fault[] = [
  ...(['gateway', 'chat', 'auth'] as const).map(killOf),
  killPostgres,
  killNats,
  freezeNats,
  loseDoorbells,
  freezeClients,
  slowLinks,
  narrowClients,
  rollingRestart('rolling-restart', 'roles', ({ roles }) => roles),
  rollingRestart('restart-chat', 'chat', ({ chats }) => chats),
  rollingRestart('restart-gateway', 'gateway', ({ gateways }) => gateways),
  ...lostAnswers,
  ...LINKS.flatMap(linkFaults),
]

/**
 * A fault by its name, or several at once as `kill-chat+kill-nats`.
 *
 * @throws RangeError with the names there are.
 */
export function faultNamed(name: string): Fault {
  const parts = name.split('+').map((part) => {
    const fault = FAULTS.find((known) => known.name === part)
    if (fault) return fault
    throw new RangeError(`There is no fault ${part}; there are: ${FAULTS.map((known) => known.name).join(', ')}.`)
  })
  return {
    name,
    target: parts.map(({ target }) => target).join('+'),
    run: async (scene) => {
      await Promise.all(parts.map((part) => part.run(scene)))
    },
  }
}

/** Every fault once and in any order, then pairs of them for ever. */
export function* endlessFaults(random: SeededRandom): Generator<Fault, never> {
  yield* random.shuffled(FAULTS)
  for (;;) {
    const first = random.pick(FAULTS)
    const second = random.pick(FAULTS.filter(({ target }) => target !== first.target))
    yield faultNamed(`${first.name}+${second.name}`)
  }
}
