import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Resources } from '../../platform/resources.ts'
import { judge, print, quantile } from '../measurement.ts'
import { freePort } from '../processes.ts'
import type { EventCosts, EventQuestion } from './event-cost.ts'
import { eventsSupergraph } from './events-graph.ts'
import { startGateway } from './gateways.ts'
import type { IdleQuestion, IdleReport } from './idle-sockets.ts'
import { inTime } from './in-time.ts'
import type { MemoryReport } from './memory-probe.ts'
import { startPinned } from './pinned-program.ts'

/** Which core is the gateway's and which the others', and a folder for files. */
interface Place {
  readonly gatewayCore: number
  readonly otherCore: number
  readonly folder: string
}

const EVENTS = 5_000
const SOCKETS = 5_000
/** They are there before it is counted: what exists once, and what V8 keeps once something has run. */
const SOCKETS_BEFORE = 1_000
const SHARE_OF_STOCK = 0.333
const KB_PER_SOCKET = { goal: 25, atMost: 30 }
/** For the gateway to collect its garbage and say what is left. */
const MEMORY_MS = 60_000

/** What an event with one fetch of an entity costs, by our executor and by Apollo's stock one. */
export async function compareEvents(resources: Resources, place: Place, rounds: number): Promise<void> {
  const supergraph = join(place.folder, 'events.graphql')
  await writeFile(supergraph, eventsSupergraph({ chat: 'http://127.0.0.1:9/chat', auth: 'http://127.0.0.1:9/auth' }))
  const program = startPinned(resources, 'bench/gateway/event-cost.ts', {
    core: place.gatewayCore,
    environment: { APOLLO_TELEMETRY_DISABLED: 'true' },
    isAsked: true,
  })
  const question: EventQuestion = { supergraph, rounds, events: EVENTS }
  const { stock, ours, results } = await program.ask<EventCosts>(question)
  print(`\nA subscription's event with one fetch of an entity, executor alone, ${EVENTS} events a round:`)
  if (results[0] !== results[1]) throw new Error(`They differ: ${results.join(' and ')}`)
  for (const [title, costs] of Object.entries({ stock, ours })) {
    const each = costs.map((cost) => cost.toFixed(1)).join(', ')
    print(`${title}: ${quantile(costs, 0.5).toFixed(1)} µs of CPU per event (${each})`)
  }
  judge('CPU per event, ours by stock', quantile(ours, 0.5) / quantile(stock, 0.5), { atMost: SHARE_OF_STOCK })
}

/** What memory of the gateway's each socket takes that is subscribed and hears nothing. */
export async function weighIdleSockets(resources: Resources, place: Place): Promise<void> {
  const clients = startPinned(resources, 'bench/gateway/idle-sockets.ts', { core: place.otherCore, isAsked: true })
  const { subgraphUrl } = await clients.ask<IdleReport>({} satisfies IdleQuestion)
  const supergraph = join(place.folder, 'idle.graphql')
  await writeFile(supergraph, eventsSupergraph({ chat: subgraphUrl, auth: subgraphUrl }))
  const memoryPort = await freePort()
  const gateway = await startGateway(resources, 'ours', {
    supergraph,
    subgraphs: [],
    core: place.gatewayCore,
    deduplicate: false,
    memoryPort,
  })
  const openMore = (sockets: number) =>
    clients.ask<IdleReport>({ url: gateway.url.replace('http', 'ws'), sockets } satisfies IdleQuestion)
  await openMore(SOCKETS_BEFORE)
  const before = await memoryAt(memoryPort)
  const { subscriptions, closed } = await openMore(SOCKETS)
  const after = await memoryAt(memoryPort)
  if (closed > 0) throw new Error(`${closed} sockets were closed.`)
  const perSocket = (of: keyof MemoryReport) => (after[of] - before[of]) / SOCKETS / 1_000
  print(`\n${SOCKETS} more idle sockets of the gateway, each with a subscription of its own (${subscriptions} in all):`)
  print(
    `${perSocket('used').toFixed(1)} KB each of the heap and outside of it; the goal for resident memory: ${KB_PER_SOCKET.goal}`,
  )
  judge('KB of resident memory per idle socket', perSocket('rss'), { atMost: KB_PER_SOCKET.atMost })
}

/** Twice, because the first collection frees what the next one can give back. */
async function memoryAt(port: number): Promise<MemoryReport> {
  const ask = async () => (await (await fetch(`http://127.0.0.1:${port}`)).json()) as MemoryReport
  const what = 'the gateway to say what memory it uses'
  await inTime(ask(), MEMORY_MS, what)
  return inTime(ask(), MEMORY_MS, what)
}
