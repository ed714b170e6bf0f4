/** A subgraph whose subscriptions never say anything, and any number of clients of a gateway that wait for them. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { GRAPHQL_TRANSPORT_WS_PROTOCOL, MessageType } from 'graphql-ws'
import { WebSocket, WebSocketServer } from 'ws'
import { WATCH } from './events-graph.ts'
import { inTime } from './in-time.ts'

/** Opens so many sockets to a gateway, beside those there are; without, asks only where the subgraph is. */
export interface IdleQuestion {
  readonly url?: string
  readonly sockets?: number
}

/** Answered when every socket's subscription has come to the subgraph. */
export interface IdleReport {
  readonly subgraphUrl: string
  readonly subscriptions: number
  /** Sockets that were closed. */
  readonly closed: number
}

const CONNECT_AT_ONCE = 25
/** For one socket to be opened, and again to be acknowledged. */
const CONNECT_MS = 30_000
/** For the last subscriptions to come from the gateway to the subgraph. */
const ARRIVAL_MS = 60_000
const subgraph = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false })
const arrivals = new Set<() => void>()
let subscriptions = 0
let opened = 0
let closed = 0

subgraph.on('connection', (socket) => {
  socket.on('message', (data) => {
    const { type } = JSON.parse(String(data)) as { type: MessageType }
    if (type === MessageType.ConnectionInit) socket.send(JSON.stringify({ type: MessageType.ConnectionAck }))
    if (type === MessageType.Ping) socket.send(JSON.stringify({ type: MessageType.Pong }))
    if (type === MessageType.Subscribe) subscriptions += 1
    for (const arrived of arrivals) arrived()
  })
})
await once(subgraph, 'listening')

process.on('disconnect', () => process.exit(0))
process.on('message', async ({ url, sockets = 0 }: IdleQuestion) => {
  if (url !== undefined) await openAll(url, sockets)
  const { port } = subgraph.address() as AddressInfo
  const report: IdleReport = { subgraphUrl: `http://127.0.0.1:${port}/graphql`, subscriptions, closed }
  process.send?.(report)
})

async function openAll(url: string, sockets: number): Promise<void> {
  const rooms = Array.from({ length: sockets }, (_, index) => String(opened + index)).values()
  opened += sockets
  const worker = async () => {
    for (const room of rooms) await open(url, room)
  }
  await Promise.all(Array.from({ length: CONNECT_AT_ONCE }, worker))
  const arrived = new Promise<void>((resolve) => {
    const look = () => subscriptions >= opened && resolve()
    arrivals.add(look)
    look()
  })
  await inTime(arrived, ARRIVAL_MS, `${opened} subscriptions to come to the subgraph`)
}

/** Each watches a room of its own, so that nothing can be shared. */
async function open(url: string, room: string): Promise<void> {
  const socket = new WebSocket(url, GRAPHQL_TRANSPORT_WS_PROTOCOL, { perMessageDeflate: false })
  socket.on('close', () => {
    closed += 1
  })
  await inTime(once(socket, 'open'), CONNECT_MS, `a socket to ${url}`)
  socket.send(JSON.stringify({ type: MessageType.ConnectionInit }))
  await inTime(once(socket, 'message'), CONNECT_MS, `the acknowledgement of a socket to ${url}`)
  socket.on('message', (data) => {
    if (String(data).includes(`"${MessageType.Ping}"`)) socket.send(JSON.stringify({ type: MessageType.Pong }))
  })
  socket.send(JSON.stringify({ type: MessageType.Subscribe, id: '1', payload: { query: WATCH, variables: { room } } }))
}
