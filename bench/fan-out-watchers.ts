/**
 * The clients of `fan-out.ts`, in a process of their own: any number of sockets that watch a conversation, or a server
 * that broadcasts, and count what they get.
 */
import { once } from 'node:events'
import { GRAPHQL_TRANSPORT_WS_PROTOCOL, MessageType } from 'graphql-ws'
import { WebSocket } from 'ws'

const CONNECT_AT_ONCE = 25

/** Opens a socket per token to a gateway, or so many to a server that broadcasts. */
export interface ConnectQuestion {
  readonly group: string
  readonly url: string
  readonly watch?: { readonly query: string; readonly variables: object; readonly tokens: readonly string[] }
  readonly sockets?: number
}

/** Asks what the sockets of a group have got; with `startOver` they count from now on. */
export interface ReceptionQuestion {
  readonly group: string
  readonly startOver?: boolean
}

/** What the sockets of a group have got since they began to count. */
export interface Reception {
  readonly fewest: number
  readonly most: number
  /** The last event that any of them got. */
  readonly sample: string
  /** What somebody got that was no event, or not the next one. */
  readonly wrong: string | undefined
  /** Whether all have got the same event last. */
  readonly isLevel: boolean
}

class Watcher {
  events = 0
  lastNumber = 0
  wrong: string | undefined
  sample = ''

  take(data: Buffer): void {
    const text = data.toString()
    const number = Number(/"number":(\d+)/.exec(text)?.[1])
    if (!(number === this.lastNumber + 1 || (this.lastNumber === 0 && number > 0))) this.wrong ??= text
    this.lastNumber = number
    this.events += 1
    this.sample = text
  }
}

const groups = new Map<string, Watcher[]>()

process.on('disconnect', () => process.exit(0))
process.on('message', async (question: ConnectQuestion | ReceptionQuestion) => {
  if ('url' in question) await connect(question)
  const watchers = groups.get(question.group) ?? []
  if ('startOver' in question) for (const watcher of watchers) watcher.events = 0
  process.send?.(receptionOf(watchers))
})

async function connect({ group, url, watch, sockets = 0 }: ConnectQuestion): Promise<void> {
  const watchers: Watcher[] = []
  groups.set(group, watchers)
  const waiting = (watch?.tokens ?? Array.from({ length: sockets }, () => '')).values()
  const worker = async () => {
    for (const token of waiting) watchers.push(await open(url, watch && { ...watch, token }))
  }
  await Promise.all(Array.from({ length: CONNECT_AT_ONCE }, worker))
}

async function open(
  url: string,
  watch: { query: string; variables: object; token: string } | undefined,
): Promise<Watcher> {
  const watcher = new Watcher()
  const socket = new WebSocket(url, GRAPHQL_TRANSPORT_WS_PROTOCOL, { perMessageDeflate: false })
  socket.on('close', (code) => {
    watcher.wrong ??= `The socket was closed with ${code}.`
  })
  await once(socket, 'open')
  if (watch) {
    const { query, variables, token } = watch
    const say = (frame: object) => socket.send(JSON.stringify(frame))
    say({ type: MessageType.ConnectionInit, payload: { authorization: `Bearer ${token}` } })
    await once(socket, 'message')
    say({ type: MessageType.Subscribe, id: '1', payload: { query, variables } })
  }
  socket.on('message', (data: Buffer) => watcher.take(data))
  return watcher
}

function receptionOf(watchers: readonly Watcher[]): Reception {
  const events = watchers.map((watcher) => watcher.events)
  return {
    fewest: Math.min(...events),
    most: Math.max(...events),
    sample: watchers[0]?.sample ?? '',
    wrong: watchers.find(({ wrong }) => wrong !== undefined)?.wrong,
    isLevel: new Set(watchers.map(({ lastNumber }) => lastNumber)).size === 1,
  }
}
