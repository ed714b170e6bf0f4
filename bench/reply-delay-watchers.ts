/**
 * The readers of `reply-delay.ts`, in a process of their own. Each reply is asked for once, and read either straight from
 * the model with the openai SDK, or through Parley's gateway by several who watch its conversation.
 */
import { once } from 'node:events'
import { GRAPHQL_TRANSPORT_WS_PROTOCOL, MessageType } from 'graphql-ws'
import OpenAI from 'openai'
import { WebSocket } from 'ws'
import { newUuid } from '../platform/ids.ts'
import { microseconds } from './monotonic-clock.ts'

/** Whose conversation, and the token to watch it with. */
export interface Reader {
  readonly conversationId: string
  readonly token: string
}

/** Asks for a reply of each reader's at once, and answers when all are read to their end. */
export type ReadQuestion =
  | { readonly kind: 'direct'; readonly url: string; readonly replies: number }
  | { readonly kind: 'graph'; readonly url: string; readonly readers: readonly Reader[]; readonly watchers: number }

/** What was read, in milliseconds. */
export interface Readings {
  /** From when each piece left the model until a reader had it. */
  readonly delays: readonly number[]
  /** From asking until the first piece was there, for each reader. */
  readonly firsts: readonly number[]
  /** How many pieces each reader got, in order. */
  readonly pieces: readonly number[]
}

const READ_MS = 120_000
const CONNECT_AT_ONCE = 25
/** Replies are asked for over this long, so that they do not all fall upon the same moment. */
const SPREAD_MS = 3_000

/** One reader's view of one reply. */
class Reading {
  readonly delays: number[] = []
  readonly done = Promise.withResolvers<void>()
  askedAt = Number.NaN
  firstMs = Number.NaN
  text = ''

  take(offset: number, text: string): void {
    const now = microseconds()
    if (offset !== this.text.length)
      this.done.reject(new Error(`A piece begins at ${offset}, not ${this.text.length}.`))
    if (this.text === '') this.firstMs = (now - this.askedAt) / 1_000
    this.text += text
    for (const [stamp] of text.matchAll(/\d+(?= )/g)) this.delays.push((now - Number(stamp)) / 1_000)
  }
}

process.on('disconnect', () => process.exit(0))
process.on('message', async (question: ReadQuestion) => {
  const readings = question.kind === 'direct' ? await readDirectly(question) : await readThroughGraph(question)
  process.send?.({
    delays: readings.flatMap(({ delays }) => delays),
    firsts: readings.map(({ firstMs }) => firstMs),
    pieces: readings.map(({ delays }) => delays.length),
  } satisfies Readings)
})

const moment = (place: number, of: number) =>
  new Promise((resolve) => setTimeout(resolve, (place / of) * SPREAD_MS).unref())

async function readDirectly({ url, replies }: Extract<ReadQuestion, { kind: 'direct' }>): Promise<Reading[]> {
  const client = new OpenAI({ apiKey: 'none', baseURL: url, logLevel: 'off' })
  return Promise.all(
    Array.from({ length: replies }, async (_, place) => {
      const reading = new Reading()
      await moment(place, replies)
      reading.askedAt = microseconds()
      const messages = [{ role: 'user' as const, content: 'Tell me' }]
      const stream = await client.chat.completions.create({ model: 'bench', messages, stream: true })
      for await (const { choices } of stream) {
        const text = choices[0]?.delta.content
        if (text) reading.take(reading.text.length, text)
      }
      return reading
    }),
  )
}

async function readThroughGraph(question: Extract<ReadQuestion, { kind: 'graph' }>): Promise<Reading[]> {
  const { url, readers, watchers } = question
  const sockets: WebSocket[] = []
  const watched = readers.map((reader) => ({ reader, readings: [] as Reading[] }))
  const waiting = watched.flatMap((each) => Array.from({ length: watchers }, () => each)).values()
  const connect = async () => {
    for (const { reader, readings } of waiting) {
      const reading = new Reading()
      readings.push(reading)
      sockets.push(await open(url, reader, reading))
    }
  }
  await Promise.all(Array.from({ length: CONNECT_AT_ONCE }, connect))
  await Promise.all(
    watched.map(async ({ reader, readings }, place) => {
      await moment(place, watched.length)
      for (const reading of readings) reading.askedAt = microseconds()
      await ask(url, reader)
    }),
  )
  const all = watched.flatMap(({ readings }) => readings)
  const timeout = setTimeout(() => all[0]?.done.reject(new Error('Not every reply has ended.')), READ_MS)
  await Promise.all(all.map(({ done }) => done.promise))
  clearTimeout(timeout)
  for (const socket of sockets) socket.close()
  return all
}

const WATCH = `subscription Watch($id: ID!) {
  conversationEvents(conversationId: $id) {
    __typename
    ... on ReplyTextAppended { attempt offset text }
    ... on ReplyFinished { message { generation { status } } }
  }
}`

/** Resolves when the stream is live. */
async function open(url: string, { conversationId, token }: Reader, reading: Reading): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, GRAPHQL_TRANSPORT_WS_PROTOCOL, {
    perMessageDeflate: false,
  })
  await once(socket, 'open')
  const say = (frame: object) => socket.send(JSON.stringify(frame))
  say({ type: MessageType.ConnectionInit, payload: { authorization: `Bearer ${token}` } })
  await once(socket, 'message')
  const live = Promise.withResolvers<void>()
  socket.on('message', (data: Buffer) => {
    const text = data.toString()
    // By far the most of them, and made of digits and spaces: a reader's own work is not what is measured.
    const piece = /"offset":(\d+),"text":"([\d ]+)"/.exec(text)
    if (piece) return reading.take(Number(piece[1]), piece[2] ?? '')
    const frame = JSON.parse(text)
    const event = frame.payload?.data?.conversationEvents
    if (event?.__typename === 'CaughtUp') live.resolve()
    else if (event?.__typename === 'ReplyFinished') {
      if (event.message.generation.status === 'COMPLETED') reading.done.resolve()
      else reading.done.reject(new Error(`A reply has ended with ${event.message.generation.status}.`))
    } else if (frame.type === MessageType.Error || frame.type === MessageType.Complete) {
      reading.done.reject(new Error(data.toString()))
      live.reject(new Error(data.toString()))
    }
  })
  reading.done.promise.catch(() => undefined)
  say({ type: MessageType.Subscribe, id: '1', payload: { query: WATCH, variables: { id: conversationId } } })
  await live.promise
  return socket
}

const SEND = `mutation Send($input: SendMessageInput!) {
  sendMessage(input: $input) { reply { id } userErrors { message } }
}`

async function ask(url: string, { conversationId, token }: Reader): Promise<void> {
  const variables = { input: { conversationId, body: 'Tell me', clientId: newUuid() } }
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query: SEND, variables }),
  })
  const answer = await response.text()
  if (!answer.includes('"msg_')) throw new Error(`No reply was asked for: ${answer}`)
}
