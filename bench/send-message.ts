/**
 * Measures what sending a message costs beside the one SQL statement that it must run: sixteen senders at once, each in a
 * conversation of its own and then all in one, through the service and, in turn with it, the bare statement through `pg`
 * with as many connections. Prints both rates; fails when the service reaches less than seven tenths of the statement's,
 * which can also be the noise of a machine that has something else to do.
 */
import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { Resources } from '../platform/resources.ts'
import type { Conversation } from '../subgraphs/chat/conversation/conversation.entity.ts'
import { batchOf } from '../subgraphs/chat/message/message-draft.ts'
import { storeMessages } from '../subgraphs/chat/message/store-messages.ts'
import type { ChatFixture } from '../subgraphs/chat/testing/chat-fixture.ts'
import { openBenchChat } from './chat.ts'
import { describeTimes, judge, print, timeOf } from './measurement.ts'

const SENDERS = 16
/** How many connections the service's pool has when nothing else is configured. */
const CONNECTIONS = 10
const MESSAGES_A_ROUND = 40
const ROUNDS = 12
const LEAST_SHARE = 0.7
const BODY = 'Does anybody know by when the tests have to pass, and whether the notes of Tuesday are somewhere?'

/** Makes ready to send a message there; what it returns sends it, and that alone is measured. */
type Prepare = (conversation: Conversation) => Promise<() => Promise<unknown>>

const resources = new Resources()
try {
  const { chat, url } = await openBenchChat(resources)
  const pool = new pg.Pool({ connectionString: url, max: CONNECTIONS })
  // A connection that the server takes leave of while it stops is no failure of the run.
  pool.on('error', () => {})
  resources.defer(() => pool.end())
  const sides: Record<string, Prepare> = {
    'the service': async (conversation) => () => chat.say(conversation, BODY),
    'the statement': (conversation) => prepareStatement(chat, pool, conversation.id),
  }
  const conversations = await Promise.all(Array.from({ length: SENDERS }, () => chat.converse('GROUP')))
  const [one] = conversations
  if (!one) throw new Error('There is no conversation.')
  await compare(`${SENDERS} senders, each in a conversation of its own`, sides, conversations)
  await compare(
    `${SENDERS} senders in one conversation`,
    sides,
    Array.from({ length: SENDERS }, () => one),
  )
  await requireGapless(chat)
} finally {
  await resources[Symbol.asyncDispose]()
}

/** Lets both sides send in turn, a round of warming up first. */
async function compare(what: string, sides: Record<string, Prepare>, places: Conversation[]): Promise<void> {
  const taken = Object.entries(sides).map(([title, prepare]) => ({
    title,
    prepare,
    seconds: 0,
    latencies: [] as number[],
  }))
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const side of round % 2 === 0 ? taken : taken.toReversed()) {
      const latencies: number[] = []
      const senders = await Promise.all(places.map((place) => prepareRound(side.prepare, place)))
      const milliseconds = await timeOf(() => sendRound(senders, latencies))
      if (round === 0) continue
      side.seconds += milliseconds / 1_000
      side.latencies.push(...latencies)
    }
  }
  const rates = taken.map(({ title, seconds, latencies }) => {
    const rate = latencies.length / seconds
    print(`${what}, ${title}: ${rate.toFixed(0)} messages a second, ${describeTimes(latencies)}`)
    return rate
  })
  judge(`${what}, the service by the statement`, (rates[0] ?? Number.NaN) / (rates[1] ?? Number.NaN), {
    atLeast: LEAST_SHARE,
  })
}

/** What one sender will send in a round. */
function prepareRound(prepare: Prepare, conversation: Conversation): Promise<(() => Promise<unknown>)[]> {
  return Promise.all(Array.from({ length: MESSAGES_A_ROUND }, () => prepare(conversation)))
}

/** Every sender sends one message after the other. */
async function sendRound(senders: (() => Promise<unknown>)[][], latencies: number[]): Promise<void> {
  await Promise.all(
    senders.map(async (sends) => {
      for (const send of sends) latencies.push(await timeOf(send))
    }),
  )
}

/** The statement as the service writes it, with parameters of its own each time, for `pg` to run and nothing around it. */
async function prepareStatement(
  chat: ChatFixture,
  pool: pg.Pool,
  conversationId: string,
): Promise<() => Promise<void>> {
  const draft = { conversationId, authorId: chat.viewerId, clientId: randomUUID(), body: BODY, replyTo: null }
  const recorded: { text: string; values: unknown[] }[] = []
  const recorder = chat.fork()
  recorder.execute = async (text: string, values: unknown[]) => {
    recorded.push({ text, values })
    return [] as never
  }
  await storeMessages(recorder, batchOf(draft, { userIds: [], isPending: false }, false))
  const [statement] = recorded
  if (!statement || recorded.length !== 1) throw new Error('Storing a message takes another number of statements now.')
  let position = 0
  const text = statement.text.replaceAll('?', () => {
    position += 1
    return `$${position}`
  })
  return async () => {
    const { rowCount } = await pool.query(text, statement.values)
    if (rowCount !== 1) throw new Error('The statement stored no message.')
  }
}

/** Neither side may have been fast by losing something. */
async function requireGapless(chat: ChatFixture): Promise<void> {
  const rows = await chat.fork().execute(
    `SELECT FROM chat.conversation LEFT JOIN chat.message ON conversation_id = conversation.id
     GROUP BY conversation.id HAVING count(number) <> message_count OR coalesce(max(number), 0) <> message_count`,
  )
  if (rows.length > 0) throw new Error('Messages are missing.')
}
