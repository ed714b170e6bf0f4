import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeId, newUuid } from '../../../platform/ids.ts'
import type { Conversation } from '../conversation/conversation.entity.ts'
import { openChatFixture } from '../testing/chat-fixture.ts'
import { Talk } from './testing/talk.ts'

const EVERY_FIELD = `query ($id: ID!, $first: Int!) { conversation(id: $id) { messages(first: $first) { nodes {
  id number role author { id } body createdAt editedAt deletedAt edits { body editedAt } replyTo { id body }
  replies(first: 3) { nodes { id body } } replyCount reactions { emoji count viewerHasReacted } mentions { id } clientId
  generation { id status text } viewerCanEdit viewerCanDelete conversation { id title }
} } } }`
const REPLIES = `query ($id: ID!, $first: Int, $after: Cursor, $last: Int, $before: Cursor) { message(id: $id) {
  replies(first: $first, after: $after, last: $last, before: $before) {
    nodes { number } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }`

interface Replies {
  nodes: { number: number }[]
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string; endCursor: string }
}

const chat = await openChatFixture()
afterAll(() => chat[Symbol.asyncDispose]())
const talk = new Talk(chat)
const ada = chat.viewerId
const grace = newUuid()
chat.usernames.set('grace', grace)

/** Five messages with all that a message can have. */
async function sayFive(conversation: Conversation) {
  const { id } = await talk.say(ada, conversation, '@grace, hello')
  await talk.edit(ada, id, '@grace, good morning')
  await talk.say(grace, conversation, 'Good morning', { replyToId: id })
  await talk.say(grace, conversation, '@assistant, hello', { replyToId: id })
  const gone = await talk.say(grace, conversation, 'Oops')
  await talk.delete(grace, gone.id)
}

describe('a page of messages with every field', () => {
  it('takes as many SQL statements for fifty messages as for five', async () => {
    const conversation = await talk.converse('GROUP', grace)
    for (let count = 0; count < 10; count += 1) await sayFive(conversation)
    const read = (first: number) =>
      chat.statementsOf(async () => {
        const { data, errors } = await chat.run(ada, EVERY_FIELD, { id: encodeId('cnv', conversation.id), first })
        expect(errors).toBeUndefined()
        const { nodes } = (data as { conversation: { messages: { nodes: unknown[] } } }).conversation.messages
        expect(nodes).toHaveLength(first)
        expect(nodes[0]).toMatchObject({ mentions: [{}], edits: [{}], replyCount: 2, replies: { nodes: [{}, {}] } })
      })
    const [few, many] = [await read(5), await read(50)]

    expect(few.length).toBeGreaterThan(5)
    expect(many.length, many.join('\n')).toBe(few.length)
  })
})

describe('the messages of many conversations', () => {
  it('take as many SQL statements as those of one', async () => {
    const inGroup = () => talk.converse('GROUP', grace)
    const conversations = await Promise.all(Array.from({ length: 4 }, inGroup))
    for (const [index, conversation] of conversations.entries()) {
      for (let count = 0; count <= index; count += 1) await talk.say(ada, conversation, `${index}/${count}`)
    }
    const source = (ids: string[]) =>
      `{ ${ids.map((id, index) => `c${index}: conversation(id: "${id}") { messages(last: 3) { nodes { body } } }`)} }`
    const read = (wanted: Conversation[], bodies: string[][]) =>
      chat.statementsOf(async () => {
        const { data } = await chat.run(ada, source(wanted.map(({ id }) => encodeId('cnv', id))))
        const answers = Object.values(data as Record<string, { messages: { nodes: { body: string }[] } }>)
        expect(answers.map(({ messages }) => messages.nodes.map(({ body }) => body))).toEqual(bodies)
      })

    const one = await read(conversations.slice(0, 1), [['0/0']])
    const all = await read(conversations, [['0/0'], ['1/0', '1/1'], ['2/0', '2/1', '2/2'], ['3/1', '3/2', '3/3']])
    expect(all.length, all.join('\n')).toBe(one.length)
  })
})

describe('the replies to a message', () => {
  let conversation: Conversation
  let id: string
  beforeAll(async () => {
    conversation = await talk.converse('GROUP', grace)
    id = (await talk.say(ada, conversation, 'Question')).id
    for (let count = 0; count < 5; count += 1) {
      await talk.say(grace, conversation, 'Aside')
      await talk.say(grace, conversation, 'Answer', { replyToId: id })
    }
  })

  async function page(args: object): Promise<Replies> {
    const { data, errors } = await chat.run(grace, REPLIES, { id, ...args })
    expect(errors).toBeUndefined()
    return (data as { message: { replies: Replies } }).message.replies
  }
  const numbers = ({ nodes }: Replies) => nodes.map(({ number }) => number)

  it('come in the order of their numbers, in pages from either end', async () => {
    expect(numbers(await page({}))).toEqual([3, 5, 7, 9, 11])
    const first = await page({ first: 2 })
    expect([numbers(first), first.pageInfo.hasNextPage]).toEqual([[3, 5], true])
    const rest = await page({ first: 3, after: first.pageInfo.endCursor })
    expect([numbers(rest), rest.pageInfo.hasNextPage]).toEqual([[7, 9, 11], false])
    const last = await page({ last: 2 })
    expect([numbers(last), last.pageInfo.hasPreviousPage]).toEqual([[9, 11], true])
    expect(numbers(await page({ last: 10, before: last.pageInfo.startCursor }))).toEqual([3, 5, 7])
  })

  it.each([
    ['no page size', { first: 0 }],
    ['a page size of 101', { last: 101 }],
    ['two directions', { first: 1, last: 1 }],
    ['a garbage cursor', { after: 'garbage' }],
    ['a cursor of the messages', { after: Buffer.from('["message",3]').toString('base64url') }],
    ['a cursor with half a number', { after: Buffer.from('["reply",1.5]').toString('base64url') }],
  ])('are refused for %s', async (_, args) => {
    const { errors } = await chat.run(grace, REPLIES, { id, ...args })
    expect(errors?.map(({ originalError }) => originalError)).toMatchObject([{ code: 'BAD_USER_INPUT' }])
  })

  it('show what was said in the same operation', async () => {
    const send = (name: string) =>
      `${name}: sendMessage(input: $${name}) { message { replyTo { replyCount replies { nodes { id } } } } }`
    const input = (clientId: string) => ({
      conversationId: encodeId('cnv', conversation.id),
      body: 'Me too',
      clientId,
      replyToId: id,
    })
    const { data } = await chat.run(
      ada,
      `mutation ($one: SendMessageInput!, $two: SendMessageInput!) { ${send('one')} ${send('two')} }`,
      { one: input(newUuid()), two: input(newUuid()) },
    )
    type Payload = { message: { replyTo: { replyCount: number; replies: { nodes: unknown[] } } } }
    const { one, two } = data as Record<'one' | 'two', Payload>
    expect([one, two].map(({ message }) => message.replyTo.replyCount)).toEqual([6, 7])
    expect([one, two].map(({ message }) => message.replyTo.replies.nodes.length)).toEqual([6, 7])
  })
})
