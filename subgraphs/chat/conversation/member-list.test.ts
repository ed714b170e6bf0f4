import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeId, encodeId, newUuid } from '../../../platform/ids.ts'
import { type ChatFixture, openChatFixture } from '../testing/chat-fixture.ts'
import type { Conversation } from './conversation.entity.ts'

const LIST = `query ($id: ID!, $first: Int, $after: Cursor, $last: Int, $before: Cursor) { conversation(id: $id) {
  memberCount
  members(first: $first, after: $after, last: $last, before: $before) {
    nodes { role readUpTo joinedAt user { id } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
} }`

interface Page {
  readonly nodes: { readonly role: string; readonly user: { readonly id: string } }[]
  readonly pageInfo: {
    readonly hasNextPage: boolean
    readonly hasPreviousPage: boolean
    readonly startCursor: string
    readonly endCursor: string
  }
}

describe('the list of members', () => {
  let chat: ChatFixture
  beforeAll(async () => {
    chat = await openChatFixture()
  })
  afterAll(() => chat[Symbol.asyncDispose]())

  const answer = (conversation: Conversation, page: object) =>
    chat.run(chat.viewerId, LIST, { id: encodeId('cnv', conversation.id), ...page })

  async function read(conversation: Conversation, page: object): Promise<Page> {
    const { data, errors } = await answer(conversation, page)
    expect(errors).toBeUndefined()
    return (data as { conversation: { members: Page } }).conversation.members
  }

  const idsOf = ({ nodes }: Page) => nodes.map(({ user }) => decodeId('usr', user.id))

  /** A conversation of the viewer and so many others, who joined four at a time. */
  async function crowd(others: number): Promise<Conversation> {
    const channel = await chat.converse('CHANNEL')
    await chat.fork().execute(
      `WITH joined AS (
         INSERT INTO chat.member (conversation_id, user_id, role, joined_at)
         SELECT ?, gen_random_uuid(), 'MEMBER', now() + (n / 4) * interval '1 millisecond'
         FROM generate_series(1, ?) n RETURNING 1
       )
       UPDATE chat.conversation SET member_count = member_count + (SELECT count(*) FROM joined) WHERE id = ?`,
      [channel.id, others, channel.id],
    )
    return channel
  }

  it('gives each of 10,000 members once, in the order they joined, forward and backward', async () => {
    const channel = await crowd(9_999)
    const rows = await chat
      .fork()
      .execute<{ id: string }[]>(
        'SELECT user_id AS id FROM chat.member WHERE conversation_id = ? ORDER BY joined_at, user_id',
        [channel.id],
      )
    const inOrder = rows.map(({ id }) => id)
    expect(inOrder).toHaveLength(10_000)

    const forward: string[] = []
    for (let page = await read(channel, { first: 100 }); ; ) {
      forward.push(...idsOf(page))
      if (!page.pageInfo.hasNextPage) break
      page = await read(channel, { first: 100, after: page.pageInfo.endCursor })
    }
    expect(forward).toEqual(inOrder)

    const lastPage = await read(channel, { last: 100 })
    expect(idsOf(lastPage)).toEqual(inOrder.slice(-100))
    expect(idsOf(await read(channel, { last: 100, before: lastPage.pageInfo.startCursor }))).toEqual(
      inOrder.slice(-200, -100),
    )
  })

  it('neither skips nor repeats anybody while people join, although clocks jump back', async () => {
    const channel = await crowd(10)
    // As if those who are there had joined in an hour.
    await chat
      .fork()
      .execute(`UPDATE chat.member SET joined_at = joined_at + interval '1 hour' WHERE conversation_id = ?`, [
        channel.id,
      ])
    const seen: string[] = []
    const late: string[] = []
    for (let page = await read(channel, { first: 3 }); ; ) {
      seen.push(...idsOf(page))
      if (!page.pageInfo.hasNextPage) break
      if (late.length < 9) {
        const joining = Array.from({ length: 3 }, newUuid)
        await Promise.all(
          joining.map((userId) =>
            chat.run(
              userId,
              `mutation ($id: ID!) { joinChannel(input: { conversationId: $id }) { userErrors { code } } }`,
              {
                id: encodeId('cnv', channel.id),
              },
            ),
          ),
        )
        late.push(...joining)
      }
      page = await read(channel, { first: 3, after: page.pageInfo.endCursor })
    }

    expect(new Set(seen).size).toBe(seen.length)
    expect(seen).toHaveLength(20)
    expect(new Set(seen.slice(11))).toEqual(new Set(late))
  })

  it.each([
    [{ first: 0 }],
    [{ last: 101 }],
    [{ first: 1, last: 1 }],
    [{ after: 'nonsense' }],
    [{ before: Buffer.from('["conversation",["2026-01-01T00:00:00.000Z","x"]]').toString('base64url') }],
  ])('refuses %j', async (page) => {
    const { errors } = await answer(await chat.converse(), page)
    expect(errors?.map(({ originalError }) => originalError?.name)).toEqual(['BadUserInputError'])
  })
})
