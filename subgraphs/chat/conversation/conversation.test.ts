import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { encodeId, newUuid } from '../../../platform/ids.ts'
import { readInboxVersions } from '../event-log/inbox-head.ts'
import { openChatFixture } from '../testing/chat-fixture.ts'
import type { Conversation } from './conversation.entity.ts'
import { ConversationCalls } from './testing/conversation-calls.ts'

const usr = (uuid: string) => encodeId('usr', uuid)

const chat = await openChatFixture()
afterAll(() => chat[Symbol.asyncDispose]())
const calls = new ConversationCalls(chat)

let ada: string
let bob: string
beforeEach(() => {
  ada = newUuid()
  bob = newUuid()
})

const create = (userId: string, input: Record<string, unknown>) => calls.mutate(userId, 'createConversation', input)

const countOf = async (userId: string) =>
  (await chat.fork().execute('SELECT FROM chat.member WHERE user_id = ?', [userId])).length

describe('a new DIRECT conversation', () => {
  const direct = (userId: string, otherId: string) => create(userId, { kind: 'DIRECT', memberIds: [usr(otherId)] })

  it('has two members, and nobody owns it', async () => {
    const { conversation } = await direct(ada, bob)

    expect(conversation).toMatchObject({ kind: 'DIRECT', memberCount: 2, viewerRole: 'MEMBER', assistant: null })
    expect(await calls.list(bob)).toHaveLength(1)
  })

  it('is one for the pair, whoever asks and how often', async () => {
    const first = await direct(ada, bob)
    const again = await direct(ada, bob)
    const turned = await direct(bob, ada)

    expect([again.conversation, turned.conversation]).toEqual([first.conversation, first.conversation])
    expect(await countOf(ada)).toBe(1)
  })

  it('is one for the pair although both ask many times at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) => (index % 2 === 0 ? direct(ada, bob) : direct(bob, ada))),
    )

    expect(answers.flatMap(({ codes, userErrors }) => [...codes, ...userErrors])).toEqual([])
    expect(new Set(answers.map(({ conversation }) => conversation?.id)).size).toBe(1)
    expect([await countOf(ada), await countOf(bob)]).toEqual([1, 1])
  })

  it.each([
    ['a title', { title: 'We two' }, 'title'],
    ['a topic', { topic: 'Us' }, 'topic'],
    ['nobody else', { memberIds: [] }, 'memberIds'],
    ['two others', { memberIds: [usr(newUuid()), usr(newUuid())] }, 'memberIds'],
  ])('is refused with %s', async (_, input, field) => {
    const { conversation, userErrors } = await create(ada, { kind: 'DIRECT', memberIds: [usr(bob)], ...input })

    expect(conversation).toBeNull()
    expect(userErrors).toEqual([`BAD_USER_INPUT at input.${field}`])
  })

  it('is refused with oneself', async () => {
    expect((await direct(ada, ada)).userErrors).toEqual(['BAD_USER_INPUT at input.memberIds'])
  })

  it('is refused with somebody who does not exist', async () => {
    chat.unknownPeople.add(bob)
    expect((await direct(ada, bob)).userErrors).toEqual(['NOT_FOUND at input.memberIds'])
    expect(await countOf(ada)).toBe(0)
  })
})

describe('a new conversation', () => {
  it.each(['GROUP', 'CHANNEL'])('that is a %s takes a hundred others, and its maker owns it', async (kind) => {
    const others = Array.from({ length: 100 }, () => usr(newUuid()))
    const { conversation } = await create(ada, { kind, memberIds: others })

    expect(conversation).toMatchObject({ kind, title: null, memberCount: 101, viewerRole: 'OWNER', unreadCount: 0 })
  })

  it.each(['GROUP', 'CHANNEL'])('that is a %s refuses more than a hundred', async (kind) => {
    const others = Array.from({ length: 101 }, () => usr(newUuid()))
    expect((await create(ada, { kind, memberIds: others })).userErrors).toEqual(['BAD_USER_INPUT at input.memberIds'])
  })

  it('with the assistant takes nobody else', async () => {
    const { userErrors } = await create(ada, { kind: 'ASSISTANT', memberIds: [usr(bob)] })
    expect(userErrors).toEqual(['BAD_USER_INPUT at input.memberIds'])
  })

  it('refuses what is not the id of a person', async () => {
    const { codes } = await create(ada, { kind: 'GROUP', memberIds: [encodeId('msg', bob)] })
    expect(codes).toEqual(['BAD_USER_INPUT'])
  })

  it('is told to the inboxes of all its members, and to no followers', async () => {
    const rings: string[] = []
    for (const userId of [ada, bob]) chat.bus.subscribe(`inbox/${userId}`, () => void rings.push(userId))
    await create(ada, { kind: 'GROUP', memberIds: [usr(bob)] })

    expect(await readInboxVersions(chat.fork(), [ada, bob])).toEqual(
      new Map([
        [ada, 1],
        [bob, 1],
      ]),
    )
    await expect.poll(() => rings).toEqual([ada, bob])
  })

  it('that is a CHANNEL can be read by everybody, any other kind by its members alone', async () => {
    const channel = await chat.converse('CHANNEL')
    expect(await calls.see(bob, channel)).toMatchObject({ viewerRole: null, isMuted: false, unreadCount: 0 })
    expect(await calls.see(bob, await chat.converse('GROUP'))).toBeNull()
  })
})

describe('changing a conversation', () => {
  const update = (userId: string, conversation: Conversation, input: Record<string, unknown>) =>
    calls.change(userId, 'updateConversation', conversation, input)

  const own = (kind: Conversation['kind'], input = {}) =>
    chat.services.conversations.create(chat.fork(), ada, { kind, ...input })

  it('sets what is given, removes what is null and leaves the rest', async () => {
    const group = await own('GROUP', { title: 'Old', topic: 'Things' })
    const { conversation } = await update(ada, group, { title: 'New' })
    expect(conversation).toMatchObject({ title: 'New', topic: 'Things', assistant: null })

    expect((await update(ada, group, { topic: null })).conversation).toMatchObject({ title: 'New', topic: null })
    expect(await calls.eventsOf(group)).toEqual([{ kind: 'ConversationUpdated' }, { kind: 'ConversationUpdated' }])
  })

  it('merges the assistant’s settings field by field', async () => {
    const group = await own('GROUP', { title: 'Physics', assistant: { systemPrompt: 'Be brief.', temperature: 1 } })
    const { conversation } = await update(ada, group, { assistant: { temperature: null, maxOutputTokens: 50 } })
    expect(conversation).toMatchObject({
      title: 'Physics',
      assistant: { model: 'a-model', systemPrompt: 'Be brief.', temperature: null, maxOutputTokens: 50 },
    })

    expect((await update(ada, group, { assistant: null })).conversation?.assistant).toBeNull()
    expect((await update(ada, group, { assistant: { model: null } })).conversation?.assistant).toEqual({
      model: 'a-model',
      systemPrompt: null,
      temperature: null,
      maxOutputTokens: null,
    })
  })

  it('brings a conversation with the assistant back to the default model', async () => {
    const talk = await own('ASSISTANT', { assistant: { systemPrompt: 'Be brief.' } })
    const { conversation } = await update(ada, talk, { assistant: null })
    expect(conversation?.assistant).toMatchObject({ model: 'a-model', systemPrompt: null })
  })

  it('logs and writes nothing when everything is so already', async () => {
    const assistant = { systemPrompt: 'Be brief.', temperature: 0.5, maxOutputTokens: 9 }
    const group = await own('GROUP', { title: 'Same', assistant })
    const statements = await chat.statementsOf(() =>
      update(ada, group, { title: 'Same', topic: null, assistant: { model: 'a-model', ...assistant } }),
    )
    await update(ada, group, {})

    expect(statements.some((statement) => statement.includes('FOR NO KEY UPDATE'))).toBe(true)
    expect(statements.filter((statement) => /UPDATE chat|update "chat/.test(statement))).toEqual([])
    expect(await calls.eventsOf(group)).toEqual([])
  })

  it('counts a change of one field as one event, although others change something else at once', async () => {
    const group = await own('GROUP')
    await Promise.all([
      update(ada, group, { title: 'Title' }),
      update(ada, group, { topic: 'Topic' }),
      update(ada, group, { assistant: { temperature: 2 } }),
    ])

    expect(await calls.see(ada, group)).toMatchObject({
      title: 'Title',
      topic: 'Topic',
      assistant: { model: 'a-model', temperature: 2 },
    })
    expect(await calls.eventsOf(group)).toHaveLength(3)
  })

  it.each([
    ['an empty title', { title: ' ' }, 'BAD_USER_INPUT at input.title'],
    ['a title of 201 characters', { title: 'x'.repeat(201) }, 'BAD_USER_INPUT at input.title'],
    ['a topic of 1,001 characters', { topic: 'x'.repeat(1_001) }, 'BAD_USER_INPUT at input.topic'],
    ['a line break', { title: 'one\ntwo' }, 'BAD_USER_INPUT at input.title'],
    ['half a surrogate pair', { topic: '\ud83d' }, 'BAD_USER_INPUT at input.topic'],
    ['another model', { assistant: { model: 'other' } }, 'UNKNOWN_MODEL at input.assistant.model'],
    ['a temperature of 2.1', { assistant: { temperature: 2.1 } }, 'BAD_USER_INPUT at input.assistant.temperature'],
    ['no tokens', { assistant: { maxOutputTokens: 0 } }, 'BAD_USER_INPUT at input.assistant.maxOutputTokens'],
  ])('refuses %s, and changes nothing of what else is given', async (_, input, error) => {
    const group = await own('GROUP', { title: 'Kept' })
    const answer = await update(ada, group, { topic: 'Not kept', ...input })

    expect(answer).toMatchObject({ conversation: null, userErrors: [error] })
    expect(await calls.see(ada, group)).toMatchObject({ title: 'Kept', topic: null })
  })

  it('is for OWNER and ADMIN, FORBIDDEN to other members and readers, and NOT_FOUND to strangers', async () => {
    const group = await own('GROUP', { memberIds: [usr(bob)] })
    const channel = await own('CHANNEL')
    expect((await update(bob, group, { title: 'Mine' })).codes).toEqual(['FORBIDDEN'])
    expect((await update(bob, group, { assistant: null })).codes).toEqual(['FORBIDDEN'])
    expect((await update(bob, channel, { title: 'Mine' })).codes).toEqual(['FORBIDDEN'])
    expect((await update(newUuid(), group, { title: '' })).codes).toEqual(['NOT_FOUND'])

    await calls.change(ada, 'setMemberRole', group, { userId: usr(bob), role: 'ADMIN' })
    expect((await update(bob, group, { title: 'Ours' })).conversation?.title).toBe('Ours')
  })

  it('in a DIRECT conversation is for both, but there is no title and no topic', async () => {
    const direct = await own('DIRECT', { memberIds: [usr(bob)] })
    expect((await update(bob, direct, { assistant: { temperature: 0 } })).conversation?.assistant).toMatchObject({
      temperature: 0,
    })
    expect((await update(ada, direct, { title: 'We' })).codes).toEqual(['FORBIDDEN'])
    expect((await update(ada, direct, { topic: null })).codes).toEqual(['FORBIDDEN'])
  })

  it('refuses what is not the id of a conversation', async () => {
    const { codes } = await calls.mutate(ada, 'updateConversation', { conversationId: usr(ada), title: 'Me' })
    expect(codes).toEqual(['BAD_USER_INPUT'])
  })
})
