/**
 * Measures what it costs to bring one message to many: people who watch a group, each on a socket of their own, through
 * the gateway. Prints the CPU time of the gateway, of chat and of auth per delivered event, beside that of a bare server,
 * which in turn broadcasts the same bytes to as many sockets. Fails when somebody misses an event or gets one out of
 * order, and when the gateway takes more than four times as long as the bare server; the goal is twice.
 *
 *   npm run bench:fan-out -- --watchers 200 --seconds 5
 *
 * Of `--watchers`, `--seconds` and `--rounds` of each side, messages a second (`--rate`), and `--profile`, a folder for
 * a CPU profile of the gateway, each may be given. Linux only.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Resources } from '../platform/resources.ts'
import { openScene, type Scene } from './fan-out-scene.ts'
import type { ConnectQuestion, Reception, ReceptionQuestion } from './fan-out-watchers.ts'
import { judge, print, quantile } from './measurement.ts'
import { positiveNumber } from './positive-number.ts'
import { type Program, startProgram } from './processes.ts'

const GOAL = 2
const MOST_TIMES_AS_MUCH = 4
const LOOK_EVERY_MS = 100
const ARRIVE_MS = 60_000
/** How long one event gets to reach everybody before another one is sent, and how long all of that may take. */
const SETTLE_MS = 15_000
const REACH_MS = 120_000

const QUERY = `subscription Watch($conversationId: ID!) {
  messageAdded(conversationId: $conversationId) { number body author { displayName } }
}`
const BODY = 'Does anybody know by when the tests have to pass, and whether the notes of Tuesday are somewhere?'

/** One way to bring an event to every socket of a group of watchers. */
interface Side {
  readonly group: string
  readonly processes: Readonly<Record<string, Program>>
  send(): Promise<void>
}

/** The CPU time of each process per delivered event, in microseconds. */
type Costs = Record<string, number>

const { watchers, seconds, rounds, rate, profile } = readArguments()
const resources = new Resources()
try {
  const flags = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]
  const scene = await openScene(resources, { watchers, gatewayFlags: flags })
  const clients = startProgram(resources, 'bench/fan-out-watchers.ts')
  const sides = [await watchGraph(scene, clients), await watchBroadcaster(clients)]
  const costs = await measure(sides, clients)
  report(costs)
} finally {
  await resources[Symbol.asyncDispose]()
}

function readArguments() {
  const option = (value: number) => ({ type: 'string', default: String(value) }) as const
  const { values } = parseArgs({
    options: {
      watchers: option(1_000),
      seconds: option(10),
      rounds: option(5),
      rate: option(5),
      profile: { type: 'string' },
    },
  })
  const number = (name: 'watchers' | 'seconds' | 'rounds' | 'rate') => positiveNumber(values, name)
  return {
    watchers: number('watchers'),
    seconds: number('seconds'),
    rounds: number('rounds'),
    rate: number('rate'),
    profile: values.profile,
  }
}

/** Every watcher subscribes, and has got an event when this is done: until then one may not be listened for yet. */
async function watchGraph(scene: Scene, clients: Program): Promise<Side> {
  const { gateway, chat, auth, conversationId, tokens } = scene
  const side = { group: 'graph', processes: { gateway, chat, auth }, send: () => scene.send(BODY) }
  const url = `${gateway.url.replace('http', 'ws')}/graphql`
  const question: ConnectQuestion = {
    group: side.group,
    url,
    watch: { query: QUERY, variables: { conversationId }, tokens },
  }
  await clients.ask(question)
  await reachAll(side, clients)
  return side
}

/** The same bytes as the graph's, but for the number. */
async function watchBroadcaster(clients: Program): Promise<Side> {
  const bare = startProgram(resources, 'bench/fan-out-broadcaster.ts')
  const { url } = await bare.ask<{ url: string }>({})
  const { sample } = await receptionOf('graph', clients)
  let number = Number(/"number":(\d+)/.exec(sample)?.[1])
  const send = async () => {
    number += 1
    await bare.ask({ text: sample.replace(/"number":\d+/, `"number":${number}`) })
  }
  const side = { group: 'bare', processes: { bare }, send }
  const question: ConnectQuestion = { group: side.group, url, sockets: watchers }
  await clients.ask(question)
  await reachAll(side, clients)
  return side
}

async function reachAll(side: Side, clients: Program): Promise<void> {
  const deadline = performance.now() + REACH_MS
  while (performance.now() < deadline) {
    await side.send()
    if (await isReached(side.group, clients)) return
  }
  throw new Error('Not everybody watches.')
}

/** Waits until everybody has got the same event last; false when it does not come to that. */
async function isReached(group: string, clients: Program): Promise<boolean> {
  const deadline = performance.now() + SETTLE_MS
  while (performance.now() < deadline) {
    await delay(LOOK_EVERY_MS)
    const { fewest, isLevel, wrong } = await receptionOf(group, clients)
    if (wrong !== undefined) throw new Error(`Somebody got ${wrong}`)
    if (fewest > 0 && isLevel) return true
  }
  return false
}

/** Round by round, both sides in turn; a first round warms up and does not count. */
async function measure(sides: readonly Side[], clients: Program): Promise<Costs[]> {
  const all: Costs[] = []
  for (let round = 0; round <= rounds; round += 1) {
    const costs: Costs = {}
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
      Object.assign(costs, await playRound(side, clients))
    }
    if (round > 0) all.push(costs)
  }
  return all
}

async function playRound({ group, processes, send }: Side, clients: Program): Promise<Costs> {
  const messages = Math.round(seconds * rate)
  await receptionOf(group, clients, { startOver: true })
  const usedBefore = await cpuOf(processes)
  const startedAt = performance.now()
  for (let sent = 0; sent < messages; sent += 1) {
    await send()
    await delay(Math.max(0, startedAt + ((sent + 1) * 1_000) / rate - performance.now()))
  }
  await arrival(group, clients, messages)
  const used = await cpuOf(processes)
  return Object.fromEntries(
    Object.entries(used).map(([name, ms]) => [
      name,
      ((ms - (usedBefore[name] ?? Number.NaN)) * 1_000) / (messages * watchers),
    ]),
  )
}

/** Waits until everybody has got so many events. */
async function arrival(group: string, clients: Program, expected: number): Promise<void> {
  const deadline = performance.now() + ARRIVE_MS
  for (;;) {
    const { fewest, most, wrong } = await receptionOf(group, clients)
    if (wrong !== undefined) throw new Error(`Somebody of ${group} got ${wrong}`)
    if (fewest === expected && most === expected) return
    if (performance.now() > deadline) throw new Error(`Of ${expected} events somebody got ${fewest}, somebody ${most}.`)
    await delay(LOOK_EVERY_MS)
  }
}

function receptionOf(group: string, clients: Program, options: { startOver?: true } = {}): Promise<Reception> {
  return clients.ask({ group, ...options } satisfies ReceptionQuestion)
}

async function cpuOf(processes: Side['processes']): Promise<Costs> {
  const used = Object.entries(processes).map(async ([name, program]) => [name, await program.cpuMs()] as const)
  return Object.fromEntries(await Promise.all(used))
}

function report(costs: readonly Costs[]): void {
  const median = (of: (round: Costs) => number) => quantile(costs.map(of), 0.5)
  const cost = (name: string) => (round: Costs) => round[name] ?? Number.NaN
  const bare = cost('bare')
  for (const name of ['gateway', 'chat', 'auth', 'bare']) {
    const each = costs.map((round) => cost(name)(round).toFixed(1)).join(', ')
    print(`${name}: ${median(cost(name)).toFixed(1)} µs of CPU per delivered event (${each})`)
  }
  print(`every one of ${watchers} watchers got every event, in order`)
  const both = (round: Costs) => (cost('gateway')(round) + cost('chat')(round)) / bare(round)
  print(`gateway and chat by the bare server: ${median(both).toFixed(2)}`)
  print(`the goal for the gateway by the bare server: ${GOAL}`)
  judge(
    'the gateway by the bare server',
    median((round) => cost('gateway')(round) / bare(round)),
    { atMost: MOST_TIMES_AS_MUCH },
  )
}
