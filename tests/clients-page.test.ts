import { execFile, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { ApolloClient } from '@apollo/client'
import { gql } from '@apollo/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { createConversation, type Person, sendMessage, signUp } from './support/people.ts'
import { type CodeBlock, codeBlocksOf } from './support/readme.ts'
import { startTestGraph, type TestGraph } from './support/test-graph.ts'

/** Below the repository, so that what the pieces import is found. */
const FOLDER = join(import.meta.dirname, '../test-results/clients-page')
const PAGE = readFileSync(new URL('../docs/clients.md', import.meta.url), 'utf8')
const BLOCKS = codeBlocksOf(PAGE)
const ENDPOINT = '/graphql'

interface Tokens {
  readonly accessToken: string
  readonly refreshToken: string
  readonly expiresAt: string
}
interface Event {
  readonly __typename: string
  readonly cursor: string | null
  readonly message?: { readonly id: string; readonly number: number; readonly body: string }
}

/** What the page's modules export, as far as the tests use it. */
interface Modules {
  'session.ts': {
    Session: new (
      url: string,
      tokens: Tokens,
      store?: (tokens: Tokens) => void,
    ) => { accessToken(): Promise<string>; refresh(): Promise<Tokens> }
  }
  'renew-socket.ts': { renewSocket(socket: WebSocket, accessToken: string): void }
  'follow-conversation.ts': { followConversation(options: FollowOptions): () => void }
  'reply-texts.ts': { ReplyTexts: new () => { apply(event: unknown): string } }
  'send-message.ts': {
    sendMessage(url: string, accessToken: () => Promise<string>, draft: object): Promise<{ message: { id: string } }>
  }
  'apollo-client.ts': {
    createApolloClient(url: string, accessToken: () => Promise<string>, webSocketImpl: unknown): ApolloClient
  }
}
interface FollowOptions {
  readonly url: string
  readonly accessToken: () => Promise<string>
  readonly conversationId: string
  readonly after?: string
  readonly apply: (event: Event) => void
  readonly failed?: (reason: unknown) => void
  readonly webSocketImpl: unknown
}

/** The block below the line that names it. */
function moduleNamed(name: string): CodeBlock {
  const [block, ...others] = BLOCKS.filter(({ introduction }) => introduction === `\`${name}\`:`)
  if (!block || others.length > 0) throw new Error(`The page must have one block named ${name}.`)
  return block
}

async function load<Name extends keyof Modules>(name: Name): Promise<Modules[Name]> {
  mkdirSync(FOLDER, { recursive: true })
  const path = join(FOLDER, name)
  writeFileSync(path, moduleNamed(name).code)
  return (await import(path)) as Modules[Name]
}

/** Sockets that the test can cut as a network does. */
const sockets = new Set<WebSocket>()
class CuttableSocket extends WebSocket {
  constructor(...options: ConstructorParameters<typeof WebSocket>) {
    super(...options)
    sockets.add(this)
    this.on('close', () => sockets.delete(this))
  }
}

let graph: TestGraph
let url: string
let ada: Person
let conversationId: string
beforeAll(async () => {
  graph = await startTestGraph()
  url = graph.url + ENDPOINT
  ada = await signUp(graph)
  conversationId = await createConversation(ada)
})
afterAll(() => graph[Symbol.asyncDispose]())

const accessToken = async () => ada.tokens.accessToken
const laterBy = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString()

describe('every piece of TypeScript on the page', () => {
  it('has a name, and is run below', () => {
    const named = BLOCKS.filter(({ language }) => language === 'ts').map(({ introduction }) => introduction)
    expect(named).toEqual(
      [
        'session.ts',
        'renew-socket.ts',
        'follow-conversation.ts',
        'reply-texts.ts',
        'send-message.ts',
        'apollo-client.ts',
      ].map((name) => `\`${name}\`:`),
    )
  })
})

describe('session.ts', () => {
  it('gives the token it has while that is good, and refreshes once for all who ask at the same time', async () => {
    const { Session } = await load('session.ts')
    const grace = await signUp(graph, 'grace')
    const stored: Tokens[] = []
    const fresh = new Session(url, { ...grace.tokens, expiresAt: laterBy(600) })
    expect(await fresh.accessToken()).toBe(grace.tokens.accessToken)

    const old = new Session(url, { ...grace.tokens, expiresAt: laterBy(30) }, (tokens) => stored.push(tokens))
    const given = await Promise.all([old.accessToken(), old.accessToken(), old.accessToken()])
    expect(new Set(given).size).toBe(1)
    expect(stored.map((tokens) => tokens.accessToken)).toEqual([given[0]])
    expect(given[0]).not.toBe(grace.tokens.accessToken)
  })

  it('says when the session is over', async () => {
    const { Session } = await load('session.ts')
    const session = new Session(url, { ...ada.tokens, refreshToken: 'forged', expiresAt: laterBy(0) })
    await expect(session.accessToken()).rejects.toThrow(/The session is over: \w+/)
  })
})

describe('renew-socket.ts', () => {
  it('is answered with the time until which the socket is good', async () => {
    const { renewSocket } = await load('renew-socket.ts')
    const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws')
    const answer = new Promise((resolve) =>
      socket.on('message', (data) => {
        const frame = JSON.parse(String(data))
        if (frame.type === 'connection_ack') renewSocket(socket, ada.tokens.accessToken)
        if (frame.type === 'pong') resolve(frame.payload)
      }),
    )
    socket.on('open', () =>
      socket.send(
        JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${ada.tokens.accessToken}` } }),
      ),
    )
    expect(await answer).toMatchObject({ expiresAt: expect.any(String) })
    socket.close()
  })
})

describe('follow-conversation.ts', () => {
  it('misses nothing and tells nothing twice while its connection is cut again and again', async () => {
    const { followConversation } = await load('follow-conversation.ts')
    const group = await createConversation(ada, { kind: 'GROUP', title: 'Ours' })
    const seen: Event[] = []
    const stop = followConversation({
      url: url.replace('http', 'ws'),
      accessToken,
      conversationId: group,
      apply: (event) => seen.push(event),
      webSocketImpl: CuttableSocket,
    })
    await expect.poll(() => seen.map(({ __typename }) => __typename)).toContain('CaughtUp')
    const said = ['one', 'two', 'three', 'four', 'five', 'six']
    for (const body of said) {
      for (const socket of sockets) socket.terminate()
      await sendMessage(ada, group, body)
    }
    const bodies = () => seen.flatMap(({ message }) => message?.body ?? [])
    await expect.poll(() => bodies().length, { timeout: 20_000 }).toBe(said.length)
    expect(bodies()).toEqual(said)
    stop()
    await expect.poll(() => sockets.size).toBe(0)
  })

  it('and reply-texts.ts make the text of a reply, which is what is stored', async () => {
    const { followConversation } = await load('follow-conversation.ts')
    const { ReplyTexts } = await load('reply-texts.ts')
    const texts = new ReplyTexts()
    let text = ''
    const finished = Promise.withResolvers<Event>()
    const live = Promise.withResolvers<void>()
    const stop = followConversation({
      url: url.replace('http', 'ws'),
      accessToken,
      conversationId,
      webSocketImpl: CuttableSocket,
      apply: (event) => {
        if (event.__typename === 'CaughtUp') live.resolve()
        if (event.__typename === 'ReplyTextAppended') text = texts.apply(event)
        if (event.__typename === 'ReplyFinished') finished.resolve(event)
      },
      failed: finished.reject,
    })
    await live.promise
    await sendMessage(ada, conversationId, 'count to 40')
    const { message } = await finished.promise
    expect(text).toBe(message?.body)
    expect(text.length).toBeGreaterThan(40)
    stop()
  })
})

describe('reply-texts.ts', () => {
  it('doubles nothing that is told twice, and begins anew with a newer attempt', async () => {
    const { ReplyTexts } = await load('reply-texts.ts')
    const texts = new ReplyTexts()
    const piece = { messageId: 'msg_1', attempt: 1, offset: 0, text: 'Hello' }
    expect([texts.apply(piece), texts.apply(piece)]).toEqual(['Hello', 'Hello'])
    expect(texts.apply({ ...piece, offset: 5, text: ', you' })).toBe('Hello, you')
    expect(texts.apply({ ...piece, attempt: 2, text: 'Hi' })).toBe('Hi')
    expect(texts.apply({ ...piece, offset: 5, text: ' late' })).toBe('Hi')
  })
})

describe('send-message.ts', () => {
  it('stores one message however often the same draft is sent', async () => {
    const page = await load('send-message.ts')
    const draft = { conversationId, body: 'Once', clientId: randomUUID() }
    const [first, second] = await Promise.all([
      page.sendMessage(url, accessToken, draft),
      page.sendMessage(url, accessToken, draft),
    ])
    expect(first.message.id).toBe(second.message.id)
  })

  it('does not go on with what is refused', async () => {
    const page = await load('send-message.ts')
    const draft = { conversationId: 'cnv_01h455vb4pex5vsknk084sn02q', body: 'To nobody', clientId: randomUUID() }
    await expect(page.sendMessage(url, accessToken, draft)).rejects.toThrow(/^NOT_FOUND: /)
  })
})

describe('apollo-client.ts', () => {
  it('queries over HTTP and subscribes over a socket, as whoever the token is of', async () => {
    const { createApolloClient } = await load('apollo-client.ts')
    const client = createApolloClient(url, accessToken, WebSocket)
    const { data } = await client.query({ query: gql`{ me { username } }` })
    expect(data).toMatchObject({ me: { username: ada.username } })
    const heard = new Promise((resolve, reject) => {
      const query = gql`subscription Events($id: ID!) { conversationEvents(conversationId: $id) { __typename cursor } }`
      const subscription = client.subscribe({ query, variables: { id: conversationId } }).subscribe({
        next: (result) => {
          resolve(result.data)
          subscription.unsubscribe()
        },
        error: reject,
      })
    })
    expect(await heard).toMatchObject({ conversationEvents: { __typename: 'CaughtUp' } })
    client.stop()
  })
})

describe('curl', () => {
  const commands = BLOCKS.filter(({ language }) => language === 'sh').map(({ code }) => code)
  const environment = () => ({
    ...process.env,
    URL: url,
    TOKEN: ada.tokens.accessToken,
    CONVERSATION: conversationId,
  })

  it('asks who one is', async () => {
    const { stdout } = await promisify(execFile)('sh', ['-c', commands[0] ?? ''], { env: environment() })
    expect(JSON.parse(stdout)).toEqual({ data: { me: { username: ada.username } } })
  })

  it.each([
    ['server-sent events', 1, 'event: next'],
    ['multipart', 2, 'content-type: application/json'],
  ])('follows a conversation over %s', async (_format, index, sign) => {
    const shell = spawn('sh', ['-c', `exec ${commands[index]}`], { env: environment() })
    let output = ''
    shell.stdout.on('data', (data) => {
      output += data
    })
    await expect.poll(() => output).toContain('CaughtUp')
    expect(output.toLowerCase()).toContain(sign)
    shell.kill()
  })
})
