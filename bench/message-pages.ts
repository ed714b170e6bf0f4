/**
 * Measures whether a page of messages takes as long in a conversation with a million of them as in one with a thousand,
 * at its beginning, in its middle and at its end, forward and backward. Prints p50 and p95 of each; fails when the p95 of
 * all pages together is more than a fifth higher, which can also be the noise of a machine that has something else to do.
 */

import { encodeCursor } from '../platform/connection.ts'
import { encodeId } from '../platform/ids.ts'
import { Resources } from '../platform/resources.ts'
import type { ChatFixture } from '../subgraphs/chat/testing/chat-fixture.ts'
import { openBenchChat } from './chat.ts'
import { prepare } from './database.ts'
import { describeTimes, judge, measureInTurn, print, quantile, timeOf } from './measurement.ts'

const FEW = 1_000
const MANY = 1_000_000
const PAGE = 50
const ROUNDS = 300
const WARM_UP = 30
const MOST_TIMES_AS_LONG = 1.2

const PAGE_OF_MESSAGES = `query ($id: ID!, $first: Int, $after: Cursor, $last: Int, $before: Cursor) {
  conversation(id: $id) {
    messages(first: $first, after: $after, last: $last, before: $before) {
      nodes { id number role body createdAt author { id } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
}`

type PageArguments = { first: number; after?: string } | { last: number; before?: string }

/** What is read, by the number of messages. Places inside are drawn anew each time. */
const PAGES: Record<string, (count: number) => PageArguments> = {
  'the first page': () => ({ first: PAGE }),
  'forward from the middle': (count) => ({ first: PAGE, after: placeInside(count) }),
  'backward from the middle': (count) => ({ last: PAGE, before: placeInside(count) }),
  'the last page': () => ({ last: PAGE }),
}

const resources = new Resources()
try {
  const { chat, url } = await openBenchChat(resources)
  const [few, many] = [await fill(chat, url, FEW), await fill(chat, url, MANY)]
  await prepare(url, [{ text: 'VACUUM ANALYZE chat.message' }, { text: 'CHECKPOINT' }])
  const taken: [number[], number[]] = [[], []]
  for (const [title, argumentsOf] of Object.entries(PAGES)) {
    const sides = [few, many].map(
      ({ id, count }) =>
        () =>
          readPage(chat, id, argumentsOf(count)),
    )
    await measureInTurn(sides, WARM_UP)
    const [small = [], large = []] = await measureInTurn(sides, ROUNDS)
    taken[0].push(...small)
    taken[1].push(...large)
    print(`${title}, of ${FEW}: ${describeTimes(small)}; of ${MANY}: ${describeTimes(large)}`)
  }
  const [small, large] = taken.map((times) => quantile(times, 0.95))
  judge('p95 of a page among a million by that among a thousand', (large ?? Number.NaN) / (small ?? Number.NaN), {
    atMost: MOST_TIMES_AS_LONG,
  })
} finally {
  await resources[Symbol.asyncDispose]()
}

/** A conversation with so many messages of 20 to 320 characters. */
async function fill(chat: ChatFixture, url: string, count: number): Promise<{ id: string; count: number }> {
  const { id } = await chat.converse('GROUP')
  await prepare(url, [
    // They take minutes to fill, and no page is read by them.
    { text: 'DROP INDEX IF EXISTS chat.message_by_ascii, chat.message_by_grams' },
    {
      text: `INSERT INTO chat.message (conversation_id, number, id, role, author_id, body, created_at)
        SELECT $1, number, gen_random_uuid(), 'USER', $2,
               substr(repeat('The quick brown fox jumps over the lazy dog and asks what came of it. ', 8),
                      1 + number * 7 % 140, 20 + number * 13 % 300),
               now() - ($3 - number) * interval '1 second'
        FROM generate_series(1, $3::integer) AS number`,
      values: [id, chat.viewerId, count],
    },
    {
      text: 'UPDATE chat.conversation SET message_count = $2, event_seq = $2, last_activity_at = now() WHERE id = $1',
      values: [id, count],
    },
  ])
  return { id: encodeId('cnv', id), count }
}

function placeInside(count: number): string {
  return encodeCursor('message', Math.floor(count * (0.25 + Math.random() * 0.5)))
}

/** The milliseconds that a whole page takes. */
function readPage(chat: ChatFixture, id: string, page: PageArguments): Promise<number> {
  return timeOf(async () => {
    const { data } = await chat.run(chat.viewerId, PAGE_OF_MESSAGES, { id, ...page })
    const { conversation } = data as { conversation: { messages: { nodes: unknown[] } } | null }
    if (conversation?.messages.nodes.length !== PAGE) throw new Error('A page was not read.')
  })
}
