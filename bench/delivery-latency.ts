/**
 * Measures how long it takes from the commit of a message, sent to one chat process, until its event reaches a watcher of
 * another one: first over NATS, then with NATS killed, when the sweep of the log's heads has to find it. Postgres itself
 * tells when each commit was (track_commit_timestamp), and the watcher's clock is the same machine's. Prints the figures,
 * and fails when a message did not come, came twice or out of order, or beyond the targets: p50 5 ms and p99 50 ms over
 * NATS, 1.3 s at most without. Needs `nats-server` on the PATH and a machine that has nothing else to do.
 */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { createClient } from 'graphql-ws'
import pg from 'pg'
import { WebSocket } from 'ws'
import { encodeId, newUuid } from '../platform/ids.ts'
import { Resources } from '../platform/resources.ts'
import { canonicalOperation, ServiceSigner, SIGNATURE_HEADER } from '../platform/service-signature.ts'
import { openBenchDatabase } from './database.ts'
import { judge, print, quantile } from './measurement.ts'
import { BenchTokens, sendMessage, settle } from './people.ts'
import { freePort, type Role, startRole } from './processes.ts'

const MESSAGES = 300
const MESSAGES_WITHOUT_NATS = 60
const PAUSE_MS = 100
/** Spread over the second of a sweep. */
const PAUSE_WITHOUT_NATS_MS = 370

const resources = new Resources()
try {
  const { sender, watcher, nats, conversationId, commits, tokens, signer } = await openScene()
  const [owner = '', other = ''] = tokens
  const seen = await watch(watcher, { signer, token: other, conversationId })
  const send = (body: string) => sendMessage(sender, signer, owner, { conversationId, body })

  for (let warmUp = 0; warmUp < 50; warmUp += 1) await send('Warming up')
  await sendAll(send, MESSAGES, PAUSE_MS)
  const over = await latencies(seen, commits, 50)
  print(`over NATS:    ${describe(over)}`)
  await nats.kill()
  await sendAll(send, MESSAGES_WITHOUT_NATS, PAUSE_WITHOUT_NATS_MS)
  const without = await latencies(seen, commits, 50 + MESSAGES)
  print(`without NATS: ${describe(without)}`)
  judge('commit to delivery over NATS, p50 in ms', quantile(over, 0.5), { atMost: 5 })
  judge('commit to delivery over NATS, p99 in ms', quantile(over, 0.99), { atMost: 50 })
  judge('commit to delivery without NATS, worst in ms', Math.max(...without), { atMost: 1_300 })
} finally {
  await resources[Symbol.asyncDispose]()
}

async function openScene() {
  const databaseUrl = await openBenchDatabase(resources, 'track_commit_timestamp = on')
  const serviceSecret = randomBytes(32).toString('hex')
  const benchTokens = new BenchTokens()
  const nats = await startNats()
  const shared = { SERVICE_SECRET: serviceSecret, DATABASE_URL: databaseUrl, NATS_URL: nats.url }
  const auth = await startRole(resources, 'subgraphs/auth/main.ts', 'AUTH_PORT', {
    environment: { ...shared, JWT_SIGNING_KEY: benchTokens.signingKey },
  })
  const startChat = () =>
    startRole(resources, 'subgraphs/chat/main.ts', 'CHAT_PORT', {
      // Nobody asks the model here.
      environment: { ...shared, AUTH_URL: auth.url, OPENAI_BASE_URL: 'http://127.0.0.1:9' },
    })
  const [sender, watcher] = [await startChat(), await startChat()]
  const people = [newUuid(), newUuid()]
  const conversation = newUuid()
  await settle(databaseUrl, people, conversation)
  const commits = new pg.Client({ connectionString: databaseUrl })
  await commits.connect()
  resources.defer(() => commits.end())
  return {
    ...{ sender, watcher, nats, commits },
    conversationId: encodeId('cnv', conversation),
    tokens: people.map((id) => benchTokens.of(id)),
    signer: new ServiceSigner(serviceSecret),
  }
}

async function startNats(): Promise<{ url: string; kill(): Promise<void> }> {
  const port = await freePort()
  const server = spawn('nats-server', ['-a', '127.0.0.1', '-p', String(port)], { stdio: ['ignore', 'ignore', 'pipe'] })
  const gone = once(server, 'exit')
  const kill = async () => {
    server.kill('SIGKILL')
    await gone
  }
  resources.defer(kill)
  let log = ''
  for await (const text of server.stderr.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    log += text
    if (log.includes('Server is ready')) break
  }
  server.stderr.resume()
  return { url: `nats://127.0.0.1:${port}`, kill }
}

/** Follows a conversation straight from a chat process, as a gateway does; resolves once it is live. */
async function watch(
  chat: Role,
  { signer, token, conversationId }: { signer: ServiceSigner; token: string; conversationId: string },
): Promise<{ number: number; atMs: number }[]> {
  const operation = {
    query: `subscription Watch($id: ID!) {
      conversationEvents(conversationId: $id) { __typename ... on MessageAdded { message { number } } }
    }`,
    variables: { id: conversationId },
  }
  const headers = { authorization: `Bearer ${token}` }
  const signature = signer.sign('/graphql', canonicalOperation(operation), headers)
  const client = createClient({ url: `${chat.url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket })
  resources.defer(() => client.dispose())
  const seen: { number: number; atMs: number }[] = []
  await new Promise<void>((resolve, reject) => {
    client.subscribe<{ conversationEvents: { __typename: string; message?: { number: number } } }>(
      { ...operation, extensions: { ...headers, [SIGNATURE_HEADER]: signature } },
      {
        next: ({ data }) => {
          const atMs = performance.timeOrigin + performance.now()
          if (data?.conversationEvents.message) seen.push({ number: data.conversationEvents.message.number, atMs })
          else resolve()
        },
        error: reject,
        complete: () => reject(new Error('The stream has ended.')),
      },
    )
  })
  return seen
}

async function sendAll(send: (body: string) => Promise<void>, count: number, pauseMs: number): Promise<void> {
  for (let sent = 0; sent < count; sent += 1) {
    await send(`Number ${sent}`)
    await delay(pauseMs * (0.5 + Math.random()))
  }
  await delay(2_000)
}

/** From each commit after the first so many until the watcher had it, in milliseconds; all must have come in order. */
async function latencies(seen: readonly { number: number; atMs: number }[], commits: pg.Client, after: number) {
  const { rows } = await commits.query<{ number: number; at: string }>(
    'SELECT number, extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000 AS at FROM chat.message ORDER BY number',
  )
  const numbers = seen.map(({ number }) => number)
  if (numbers.length !== rows.length || numbers.some((number, index) => number !== index + 1)) {
    throw new Error(`Of ${rows.length} messages these came: ${numbers.join(' ')}`)
  }
  return rows.slice(after).map(({ at }, index) => (seen[after + index]?.atMs ?? Number.NaN) - Number(at))
}

function describe(times: readonly number[]): string {
  const figures = { p50: quantile(times, 0.5), p99: quantile(times, 0.99), worst: Math.max(...times) }
  const words = Object.entries(figures).map(([name, ms]) => `${name} ${ms.toFixed(2)} ms`)
  return `${words.join(', ')} (${times.length} messages, none lost or doubled)`
}
