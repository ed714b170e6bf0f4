import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { decodeId } from '../platform/ids.ts'
import { conversationEvents } from './support/chat-streams.ts'
import { rowsOf } from './support/database-content.ts'
import { databaseText } from './support/database-text.ts'
import { GraphClient } from './support/graph-client.ts'
import { createConversation, PASSWORD, type Person, sendMessage, signUp } from './support/people.ts'
import { type ScriptedModel, startScriptedModel } from './support/scripted-model.ts'
import { deploymentOn } from './support/separate-processes.ts'
import { createTestDatabase, type TestDatabase } from './support/test-database.ts'
import { startTestGraph, type TestGraph } from './support/test-graph.ts'

vi.setConfig({ testTimeout: 90_000 })

const SOON = { timeout: 10_000, interval: 50 }

const DELETE_ACCOUNT = `mutation Delete($input: DeleteAccountInput!) {
  deleteAccount(input: $input) { deletedUserId userErrors { code } }
}`
const READ = `query Read($id: ID!) {
  conversation(id: $id) { viewerRole memberCount messages(first: 100) { nodes { body author { id displayName } } } }
}`
const MESSAGES = `subscription Messages($id: ID!, $after: Int) {
  messageAdded(conversationId: $id, after: $after) { body author { displayName } }
}`

interface Said {
  readonly body: string
  readonly author: { readonly displayName: string } | null
}

const deleteAccount = async ({ client }: Person) => {
  const { deleteAccount } = await client.run<{ deleteAccount: object }>(DELETE_ACCOUNT, {
    input: { password: PASSWORD },
  })
  return deleteAccount
}

/** Bob's view of a conversation; it must come without errors. */
async function read(person: Person, id: string) {
  const { conversation } = await person.client.run<{
    conversation: { viewerRole: string; memberCount: number; messages: { nodes: Said[] } }
  }>(READ, { id })
  return conversation
}

/** Holds a conversation's row, as somebody does who writes in it, so that nothing of it can be changed. */
async function hold(databaseUrl: string, conversationId: string) {
  const sql = new pg.Client({ connectionString: databaseUrl, statement_timeout: 10_000 })
  await sql.connect()
  await sql.query('BEGIN')
  await sql.query('UPDATE chat.conversation SET event_seq = event_seq WHERE id = $1', [decodeId('cnv', conversationId)])
  const waiting = `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
  return {
    async isWaitedFor() {
      const countWaiting = async () => {
        // Within a transaction the view shows what it showed first.
        await sql.query('SELECT pg_stat_clear_snapshot()')
        return (await sql.query(waiting)).rowCount
      }
      await expect.poll(countWaiting, SOON).toBe(1)
    },
    async letGo() {
      await sql.query('COMMIT')
      await sql.end()
    },
  }
}

/** How many conversations there are of these that nobody has deleted. */
async function countOf(databaseUrl: string, conversationIds: readonly string[]): Promise<number> {
  const ids = conversationIds.map((id) => `'${decodeId('cnv', id)}'`).join()
  return (await rowsOf(databaseUrl, `SELECT FROM chat.conversation WHERE id IN (${ids}) AND deleted_at IS NULL`)).length
}

/** Waits until chat has applied all that auth's list holds. */
async function applied(databaseUrl: string): Promise<void> {
  const behind = `SELECT 1 FROM auth.deletion d
    WHERE position > (SELECT position FROM chat.deletion_progress WHERE look = 'FIRST')`
  await expect.poll(() => rowsOf(databaseUrl, behind), SOON).toEqual([])
}

let database: TestDatabase
let model: ScriptedModel
beforeAll(async () => {
  database = await createTestDatabase()
  model = await startScriptedModel()
})
afterAll(async () => {
  await model?.[Symbol.asyncDispose]()
  await database?.[Symbol.asyncDispose]()
})

describe('somebody who deletes their account, with two processes of each service on one database,', () => {
  let graphs: TestGraph[]
  let graph: TestGraph
  let ada: Person
  let bob: Person
  beforeAll(async () => {
    const environment = { OPENAI_BASE_URL: model.baseUrl, OPENAI_MODELS: 'scripted', TRUSTED_PROXIES: '127.0.0.0/8' }
    const overrides = { chat: { removalTimes: { everyMs: 100, delayMs: 0 } } }
    const options = { databaseUrl: database.url, environment, overrides, logLevel: 'info' } as const
    graph = await startTestGraph(options)
    graphs = [graph, await startTestGraph(options)]
    bob = await signUp(graph, 'bob')
  })
  afterAll(async () => {
    for (const each of graphs ?? []) await each[Symbol.asyncDispose]()
  })
  afterEach(() => {
    expect(logged().filter(({ level }) => level >= 50)).toEqual([])
  })

  const logged = () =>
    graphs.flatMap((each) => each.logLines()).map((line): { level: number; msg: string } => JSON.parse(line))

  it('is shut out at once, and their open streams end', async () => {
    ada = await signUp(graph, 'ada')
    const stream = conversationEvents(ada, await createConversation(ada))
    await stream.next()
    expect(await deleteAccount(ada)).toEqual({ deletedUserId: ada.id, userErrors: [] })

    for (const { url } of graphs) {
      const client = new GraphClient(url, ada.tokens.accessToken)
      await expect.poll(() => client.codesOf('{ conversations { nodes { id } } }'), SOON).toEqual(['UNAUTHENTICATED'])
    }
    const { errors } = await stream.nextFrame()
    expect(errors?.map(({ extensions }) => extensions?.code)).toEqual(['UNAUTHENTICATED'])
    expect(await ada.client.closeCode()).toBe(4403)
  })

  it('leaves what they said to the others, without an author before and after chat has heard of it', async () => {
    ada = await signUp(graph, 'ada')
    const group = await createConversation(ada, { kind: 'GROUP', memberIds: [bob.id] })
    await sendMessage(ada, group, 'Shall we?')
    await sendMessage(bob, group, 'Let us.')
    const live = bob.client.follow<Said>(MESSAGES, { id: group })
    const held = await hold(database.url, group)
    await deleteAccount(ada)
    await held.isWaitedFor()

    const said = [
      { body: 'Shall we?', author: null },
      { body: 'Let us.', author: expect.objectContaining({ displayName: 'bob' }) },
    ]
    expect(await read(bob, group)).toMatchObject({ viewerRole: 'MEMBER', messages: { nodes: said } })
    const replayed = bob.client.follow<Said>(MESSAGES, { id: group, after: 0 })
    expect([await replayed.next(), await replayed.next()]).toEqual(said)

    await held.letGo()
    await applied(database.url)
    expect(await read(bob, group)).toEqual({ viewerRole: 'OWNER', memberCount: 1, messages: { nodes: said } })
    await sendMessage(bob, group, 'Is anybody there?')
    expect(await live.next()).toMatchObject({ body: 'Is anybody there?', author: { displayName: 'bob' } })
  })

  it('takes along their conversation with the assistant, while it is answering', async () => {
    ada = await signUp(graph, 'ada')
    const letGo = new Promise((resolve) => model.answerWith((answer) => resolve(answer.say('Well, ').closed)))
    const conversationId = await createConversation(ada)
    const events = conversationEvents(ada, conversationId)
    await events.next()
    await sendMessage(ada, conversationId, 'Tell me of my life.')
    await events.take(({ text }) => text === 'Well, ')
    await deleteAccount(ada)
    await applied(database.url)

    expect(await countOf(database.url, [conversationId])).toBe(0)
    await letGo
    const said = () => logged().map(({ msg }) => msg)
    await expect.poll(said, SOON).toContain('stopped a reply, because its conversation was deleted')
  })

  /** Other processes remove what is deleted after a minute, which nobody can tell them to shorten. */
  it.skipIf(inject('separateProcesses'))('leaves no trace of who they were in any table', async () => {
    const device = { 'user-agent': 'AdasBrowser/7', 'x-forwarded-for': '203.0.113.77' }
    const username = `lovelace-${randomUUID().slice(0, 8)}`
    const input = { email: `${username}@example.org`, username, displayName: 'Countess Ada', password: PASSWORD }
    const traces = [input.email, input.username, input.displayName, ...Object.values(device), 'my diary']
    ada = await enterFrom(device, input)
    model.answerWith((answer) => answer.say('Dear Countess Ada.').finish())
    const diary = await createConversation(ada, { kind: 'ASSISTANT', title: 'my diary' })
    const written = conversationEvents(ada, diary)
    await written.next()
    await sendMessage(ada, diary, `I am Countess Ada, ${input.email}.`)
    await written.take(({ __typename }) => __typename === 'ReplyFinished')
    const group = await createConversation(bob, { kind: 'GROUP', memberIds: [ada.id] })
    await sendMessage(ada, group, 'Good evening.')
    const held = (await databaseText(database.url)).join('\n')
    for (const trace of traces) expect(held).toContain(trace)

    await deleteFrom(device, ada)
    await applied(database.url)
    const tracesLeft = async () => {
      const lines = await databaseText(database.url)
      return lines.filter((line) => traces.some((trace) => line.includes(trace)))
    }
    await expect.poll(tracesLeft, SOON).toEqual([])
    const left = await databaseText(database.url)
    const tables = left.filter((line) => line.includes(decodeId('usr', ada.id))).map((line) => line.split(':')[0])
    expect(new Set(tables)).toEqual(new Set(['auth.audit_event', 'auth.deletion', 'chat.conversation_event']))
    expect(await read(bob, group)).toMatchObject({ messages: { nodes: [{ body: 'Good evening.', author: null }] } })
  })

  /** Signs somebody up from a device, as the gateway's proxy tells of it. */
  async function enterFrom(device: Record<string, string>, input: object & { username: string }): Promise<Person> {
    const query = `mutation ($input: SignUpInput!) {
      signUp(input: $input) { user { id } tokens { accessToken refreshToken } }
    }`
    const { signUp } = await post<{ signUp: { user: { id: string }; tokens: Person['tokens'] } }>(
      { query, variables: { input } },
      device,
    )
    const client = new GraphClient(graph.url, signUp.tokens.accessToken)
    return { id: signUp.user.id, username: input.username, client, tokens: signUp.tokens }
  }

  async function deleteFrom(device: Record<string, string>, { id, tokens }: Person): Promise<void> {
    const { deleteAccount } = await post<{ deleteAccount: object }>(
      { query: DELETE_ACCOUNT, variables: { input: { password: PASSWORD } } },
      { ...device, authorization: `Bearer ${tokens.accessToken}` },
    )
    expect(deleteAccount).toEqual({ deletedUserId: id, userErrors: [] })
  }

  async function post<Data>(operation: object, headers: Record<string, string>): Promise<Data> {
    const response = await fetch(`${graph.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(operation),
    })
    return ((await response.json()) as { data: Data }).data
  }
})

describe('a chat process that is killed while it applies a deletion', () => {
  it('leaves the rest to the next one, which applies it once', async () => {
    const own = await createTestDatabase()
    const deployment = deploymentOn(own.url, model.baseUrl)
    const auth = await deployment.startAuth()
    const chat = await deployment.startChat(auth)
    const gateway = await deployment.startGateway(auth, chat)
    const [ada, bob] = [await signUp(gateway, 'ada'), await signUp(gateway, 'bob')]
    const diary = await createConversation(ada)
    const groups: string[] = []
    for (const title of ['first', 'second', 'third']) {
      groups.push(await createConversation(ada, { kind: 'GROUP', title, memberIds: [bob.id] }))
    }
    const held = await hold(own.url, groups[1] ?? '')
    await deleteAccount(ada)
    await held.isWaitedFor()
    chat.launcher.kill('SIGKILL')
    await chat.exitCode()
    await held.letGo()
    const memberCounts = () =>
      rowsOf<{ count: number }>(
        own.url,
        'SELECT member_count AS count FROM chat.conversation WHERE deleted_at IS NULL ORDER BY id',
      )
    expect(await countOf(own.url, [diary])).toBe(0)
    expect(await memberCounts()).toEqual([{ count: 1 }, { count: 2 }, { count: 2 }])

    await deployment.startChat(auth)
    await applied(own.url)
    expect(await memberCounts()).toEqual([{ count: 1 }, { count: 1 }, { count: 1 }])
    const left = `SELECT role FROM chat.member JOIN chat.conversation ON id = conversation_id WHERE deleted_at IS NULL`
    expect(await rowsOf(own.url, left)).toEqual(Array(3).fill({ role: 'OWNER' }))
  })
})
