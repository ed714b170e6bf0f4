/**
 * Compares gateways in front of one and the same supergraph: Parley's, Apollo's stock one, Hive's with its Rust query
 * planner, and Mercurius'. The graph and the query are those of the public federation gateway benchmark: 16 fetches by
 * the stock one's plan, an answer of about 87 KB. Each gateway has a process of its own, held to one core; the subgraphs,
 * whose answers are precomputed, and the clients share another one. The gateways take turns, round by round. Prints
 * requests a second and CPU time per request, and fails when ours is not five times as fast as the stock one and 1.3
 * times as fast as the fastest other one; the goals are six and 1.5. Then once more, with Hive and ours answering
 * identical queries in flight together; then what an event of a subscription costs, and how much memory a socket takes.
 *
 *   npm run bench:gateway -- --rounds 5 --seconds 4
 *
 * Of `--rounds`, `--seconds` of a gateway's turn, `--concurrency`, and `--profile`, a folder for a CPU profile of ours
 * (then nothing else runs), each may be given. Linux only, for the CPU times. The first run installs the others.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { composeServices } from '@apollo/composition'
import { parse } from 'graphql'
import { Resources } from '../../platform/resources.ts'
import { print } from '../measurement.ts'
import { positiveNumber } from '../positive-number.ts'
import { type GatewaySetting, type GatewayTitle, installPeers, startGateway } from './gateways.ts'
import { judgeOurs } from './goals.ts'
import { SUBGRAPHS } from './graph.ts'
import { startPinned } from './pinned-program.ts'
import { type Course, compareInTurn, type Figures, printFigures } from './rounds.ts'
import { onlyAlike, startAll } from './same-answers.ts'
import type { SubgraphsReport } from './subgraphs.ts'
import { compareEvents, weighIdleSockets } from './subscription-costs.ts'

const GATEWAY_CORE = 0
const OTHER_CORE = 1

const { profile, ...options } = readArguments()
await within(async (resources) => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-bench-gateway-'))
  resources.defer(() => rm(folder, { recursive: true, force: true }))
  if (profile === undefined) await installPeers()
  await within(async (own) => {
    const { course, setting } = await openScene(own, folder)
    if (profile === undefined) await compareGateways(course, setting)
    else printFigures(await compareInTurn([await startGateway(own, 'ours', { ...setting, profile })], course))
  })
  if (profile !== undefined) return
  const place = { gatewayCore: GATEWAY_CORE, otherCore: OTHER_CORE, folder }
  await within((own) => compareEvents(own, place, options.rounds))
  await within((own) => weighIdleSockets(own, place))
})

function readArguments() {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '4' },
      concurrency: { type: 'string', default: '32' },
      profile: { type: 'string' },
    },
  })
  const number = (name: 'rounds' | 'seconds' | 'concurrency') => positiveNumber(values, name)
  return {
    rounds: number('rounds'),
    seconds: number('seconds'),
    concurrency: number('concurrency'),
    profile: values.profile,
  }
}

async function openScene(owner: Resources, folder: string): Promise<{ course: Course; setting: GatewaySetting }> {
  const subgraphs = startPinned(owner, 'bench/gateway/subgraphs.ts', { core: OTHER_CORE, isAsked: true })
  const clients = startPinned(owner, 'bench/gateway/load.ts', { core: OTHER_CORE, isAsked: true })
  const { url } = await subgraphs.ask<SubgraphsReport>({})
  const services = SUBGRAPHS.map(({ name, sdl }) => ({ name, url: `${url}/${name}`, typeDefs: parse(sdl) }))
  const { supergraphSdl, errors } = composeServices(services)
  if (supergraphSdl === undefined) throw new Error(`The subgraphs do not compose: ${errors?.join('\n')}`)
  const supergraph = join(folder, 'supergraph.graphql')
  await writeFile(supergraph, supergraphSdl)
  return {
    course: { clients, subgraphs, ...options },
    setting: { supergraph, subgraphs: services.map((service) => service.url), core: GATEWAY_CORE, deduplicate: false },
  }
}

async function compareGateways(course: Course, setting: GatewaySetting): Promise<void> {
  print(`\nEach query by itself, ${options.concurrency} at a time:`)
  const apart: GatewayTitle[] = ['stock', 'hive', 'hive as it comes', 'mercurius', 'ours']
  judgeOurs(await compare(apart, course, setting))
  print(`\nIdentical queries in flight answered together, ${options.concurrency} at a time:`)
  await compare(['hive', 'ours'], course, { ...setting, deduplicate: true })
}

async function compare(titles: readonly GatewayTitle[], course: Course, setting: GatewaySetting): Promise<Figures[]> {
  return within(async (own) => {
    const gateways = await onlyAlike(await startAll(own, titles, setting), course)
    const figures = await compareInTurn(gateways, course)
    printFigures(figures)
    return figures
  })
}

async function within<Result>(work: (own: Resources) => Promise<Result>): Promise<Result> {
  const own = new Resources()
  try {
    return await work(own)
  } finally {
    await own[Symbol.asyncDispose]()
  }
}
