/**
 * Measures whether somebody with a thousand conversations waits much longer for the first page of their list than somebody
 * with ten, last messages and unread counts included. Prints p50 and p95 of both; fails when the p95 is more than twice as
 * high, which can also be the noise of a machine that has something else to do. The page of the first has fifty entries
 * and that of the second ten: to tell the list's own share, a page of ten of the first is printed as well.
 */
import { newUuid } from '../platform/ids.ts'
import { Resources } from '../platform/resources.ts'
import type { ChatFixture } from '../subgraphs/chat/testing/chat-fixture.ts'
import { openBenchChat } from './chat.ts'
import { prepare } from './database.ts'
import { describeTimes, judge, measureInTurn, print, quantile, timeOf } from './measurement.ts'

const FEW = 10
const MANY = 1_000
const MESSAGES_EACH = 60
const PAGE = 50
const ROUNDS = 400
const WARM_UP = 40
const MOST_TIMES_AS_LONG = 2

const LIST = `query ($first: Int) { conversations(first: $first) {
  nodes { id kind title lastActivityAt unreadCount lastMessage { id number body createdAt author { id } } }
  pageInfo { hasNextPage endCursor }
} }`

const resources = new Resources()
try {
  const { chat, url } = await openBenchChat(resources)
  const [few, many, others] = [newUuid(), newUuid(), newUuid()]
  await fill(url, few, FEW)
  await fill(url, many, MANY)
  await fill(url, others, MANY)
  await prepare(url, [{ text: 'VACUUM ANALYZE' }, { text: 'CHECKPOINT' }])
  const sides = [
    () => readList(chat, few, PAGE, FEW),
    () => readList(chat, many, PAGE, PAGE),
    () => readList(chat, many, FEW, FEW),
  ]
  await measureInTurn(sides, WARM_UP)
  const [ofFew = [], ofMany = [], short = []] = await measureInTurn(sides, ROUNDS)
  print(`the first page of ${FEW} conversations: ${describeTimes(ofFew)}`)
  print(`the first page of ${MANY} conversations: ${describeTimes(ofMany)}`)
  print(`the first ${FEW} of ${MANY} conversations: ${describeTimes(short)}`)
  judge(`p95 with ${MANY} by that with ${FEW}`, quantile(ofMany, 0.95) / quantile(ofFew, 0.95), {
    atMost: MOST_TIMES_AS_LONG,
  })
} finally {
  await resources[Symbol.asyncDispose]()
}

/** Conversations of this person and another one, who wrote everything; of each a part is unread. */
async function fill(url: string, userId: string, count: number): Promise<void> {
  await prepare(url, [
    {
      text: `CREATE TEMPORARY TABLE made ON COMMIT PRESERVE ROWS AS
        SELECT gen_random_uuid() AS id, gen_random_uuid() AS other_id, place FROM generate_series(1, ${count}) AS place`,
    },
    {
      text: `INSERT INTO chat.conversation
          (id, kind, title, epoch, event_seq, message_count, member_count, last_activity_at)
        SELECT id, 'GROUP', 'Conversation ' || place, gen_random_uuid(), $1, $1, 2, now() - place * interval '1 minute'
        FROM made`,
      values: [MESSAGES_EACH],
    },
    {
      text: `INSERT INTO chat.member (conversation_id, user_id, role, read_up_to)
        SELECT id, other_id, 'OWNER', $1::integer FROM made
        UNION ALL SELECT id, $2, 'MEMBER', place % $1 FROM made`,
      values: [MESSAGES_EACH, userId],
    },
    {
      text: `INSERT INTO chat.message (conversation_id, number, id, role, author_id, body)
        SELECT made.id, number, gen_random_uuid(), 'USER', other_id, 'A message with the number ' || number
        FROM made, generate_series(1, $1::integer) AS number`,
      values: [MESSAGES_EACH],
    },
  ])
}

/** The milliseconds that a page of the list takes. */
function readList(chat: ChatFixture, userId: string, first: number, expected: number): Promise<number> {
  return timeOf(async () => {
    const { data } = await chat.run(userId, LIST, { first })
    const { conversations } = data as { conversations: { nodes: unknown[] } | null }
    if (conversations?.nodes.length !== expected) throw new Error('The list was not read.')
  })
}
