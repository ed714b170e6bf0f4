import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeId } from '../platform/ids.ts'
import { type Action, anyAction, type Place, perform } from './support/conversation-actions.ts'
import { ConversationCopy } from './support/conversation-copy.ts'
import { createConversation, type Person, sendMessage, signUp } from './support/people.ts'
import { startTestGraph, type TestGraph } from './support/test-graph.ts'

let graph: TestGraph
let sql: pg.Client
let people: Person[]
/** A member who does nothing and to whom nothing is done, so that somebody can always read. */
let watcher: Person

beforeAll(async () => {
  graph = await startTestGraph({ environment: { RATE_LIMIT_MUTATIONS: '10000' } })
  sql = new pg.Client(graph.databaseUrl)
  await sql.connect()
  people = [await signUp(graph, 'ada'), await signUp(graph, 'bob'), await signUp(graph, 'cy')]
  watcher = await signUp(graph, 'watcher')
})

afterAll(async () => {
  for (const { client } of [...(people ?? []), watcher]) await client?.[Symbol.asyncDispose]()
  await sql?.end()
  await graph?.[Symbol.asyncDispose]()
})

/** What may come of an action of somebody who lacks the right, or who comes too late. */
const REFUSALS = /^(NOT_FOUND|FORBIDDEN|user error (NOT_FOUND|LAST_OWNER|ALREADY_MEMBER|REPLY_RUNNING|BAD_USER_INPUT))$/
const KINDS = ['GROUP', 'CHANNEL'] as const

type Round = readonly { readonly kind: (typeof KINDS)[number]; readonly action: Action }[]

/** Some actions, of which each round's are done at the same moment. */
const rounds: fc.Arbitrary<Round[]> = fc.array(
  fc.array(fc.record({ kind: fc.constantFrom(...KINDS), action: anyAction }), { minLength: 1, maxLength: 4 }),
  { minLength: 12, maxLength: 18 },
)

/** A conversation that the first of the people owns and the third is not in. */
async function open(kind: (typeof KINDS)[number]): Promise<Place & { messageIds: string[] }> {
  const [owner, member] = people as [Person, Person]
  const conversationId = await createConversation(owner, { kind, title: 'Title', memberIds: [member.id, watcher.id] })
  const { message } = await sendMessage(owner, conversationId, 'The first word')
  return { conversationId, people, messageIds: [message.id] }
}

/** Resolves when no reply is being written any more. */
async function quiet(conversationId: string): Promise<void> {
  const running = `SELECT FROM chat.generation WHERE conversation_id = $1 AND status IN ('QUEUED', 'RUNNING')`
  await expect.poll(async () => (await sql.query(running, [decodeId('cnv', conversationId)])).rowCount).toBe(0)
}

const COUNTS = `query Counts($id: ID!) {
  conversation(id: $id) {
    unreadCount mentionCount memberCount members(first: 100) { nodes { user { id } readUpTo } }
    messages(last: 100) { nodes { number role author { id } deletedAt mentions { id } } }
  }
}`

interface Counts {
  conversation: {
    unreadCount: number
    mentionCount: number
    memberCount: number
    members: { nodes: { user: { id: string }; readUpTo: number }[] }
    messages: {
      nodes: {
        number: number
        role: string
        author: { id: string } | null
        deletedAt: string | null
        mentions: { id: string }[]
      }[]
    }
  } | null
}

/** Whether what somebody is told to have not read is what a look at every message finds. */
async function requireTrueCounts({ client, id }: Person, { conversationId }: Place): Promise<void> {
  const { data, errors } = await client.send<Counts>(COUNTS, { id: conversationId })
  if (errors) return expect(errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }])
  const { unreadCount, mentionCount, memberCount, members, messages } = data?.conversation ?? {}
  const marker = members?.nodes.find(({ user }) => user.id === id)?.readUpTo ?? Number.POSITIVE_INFINITY
  const after = (messages?.nodes ?? []).filter(({ number }) => number > marker)
  const unread = after.filter(({ author, role, deletedAt }) => author?.id !== id && role !== 'SYSTEM' && !deletedAt)
  const mentioning = after.filter(({ mentions }) => mentions.some((person) => person.id === id))
  expect({ unreadCount, mentionCount }).toEqual({ unreadCount: unread.length, mentionCount: mentioning.length })
  expect(memberCount).toBe(members?.nodes.length)
}

/** Whether messages and events are numbered from 1 without a gap. */
async function requireNoGaps({ conversationId }: Place): Promise<void> {
  const { rows } = await sql.query(
    `SELECT message_count, event_seq,
       ARRAY (SELECT number FROM chat.message WHERE conversation_id = conversation.id ORDER BY number) AS numbers,
       ARRAY (SELECT seq FROM chat.conversation_event WHERE conversation_id = conversation.id ORDER BY seq) AS seqs
     FROM chat.conversation WHERE id = $1`,
    [decodeId('cnv', conversationId)],
  )
  const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)
  expect(rows).toEqual([{ ...rows[0], numbers: upTo(rows[0].message_count), seqs: upTo(rows[0].event_seq) }])
}

describe('Whatever three people do at once in a GROUP and a CHANNEL', () => {
  it('an app’s copy, kept by events, is what is there; all counts are true; and no number is missing', async () => {
    const worked = new Map<string, number>()
    await fc.assert(
      fc.asyncProperty(rounds, fc.nat({ max: 11 }), async (talk, lateAt) => {
        const places = { GROUP: await open('GROUP'), CHANNEL: await open('CHANNEL') }
        const early = await Promise.all(
          KINDS.map((kind) => ConversationCopy.read(watcher, places[kind].conversationId)),
        )
        const catchUp = early.map((copy) => copy.follow())
        const act = async ({ kind, action }: Round[number]) => {
          const { codes, sentId } = await perform(action, places[kind])
          for (const code of codes) expect(code, action.mutation).toMatch(REFUSALS)
          if (codes.length === 0) worked.set(action.mutation, (worked.get(action.mutation) ?? 0) + 1)
          if (sentId) places[kind].messageIds.push(sentId)
        }
        const late: ConversationCopy[] = []
        for (const [index, round] of talk.entries()) {
          const acting = Promise.all(round.map(act))
          if (index === lateAt) {
            for (const kind of KINDS) late.push(await ConversationCopy.read(watcher, places[kind].conversationId))
          }
          await acting
        }
        for (const [index, kind] of KINDS.entries()) {
          const place = places[kind]
          await quiet(place.conversationId)
          const now = await ConversationCopy.read(watcher, place.conversationId)
          await catchUp[index]?.(now.cursor)
          expect(early[index]?.content).toEqual(now.content)
          await late[index]?.follow()(now.cursor)
          expect(late[index]?.content).toEqual(now.content)
          for (const person of [...people, watcher]) await requireTrueCounts(person, place)
          await requireNoGaps(place)
        }
      }),
      { numRuns: 7, interruptAfterTimeLimit: 40_000 },
    )
    // Refusals alone would prove nothing.
    expect([...worked.keys()].length, JSON.stringify([...worked])).toBeGreaterThan(8)
  }, 60_000)
})
