import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { encodeId, newUuid } from '../../../platform/ids.ts'
import type { Conversation } from '../conversation/conversation.entity.ts'
import type { People } from '../conversation/people.ts'
import { blockedStatement } from '../testing/blocked-statement.ts'
import { openChatFixture } from '../testing/chat-fixture.ts'
import { openPendingMentions } from './testing/pending-mentions.ts'
import { Talk, type TalkMessage } from './testing/talk.ts'

const chat = await openChatFixture()
afterAll(() => chat[Symbol.asyncDispose]())
const talk = new Talk(chat)
const ada = chat.viewerId
const [grace, linus, stranger] = [newUuid(), newUuid(), newUuid()]
const known = { ada, grace, 'grace.h': linus, 'linus-t.': linus, stranger }
for (const [name, id] of Object.entries(known)) chat.usernames.set(name, id)
afterEach(() => {
  chat.isAuthAway = false
})

const group = () => talk.converse('GROUP', grace, linus)
const users = (...ids: string[]) => ids.map((id) => ({ id: encodeId('usr', id) }))

describe('a message mentions', () => {
  it.each([
    ['@grace and @ADA', () => [grace, ada]],
    ['@grace, @Grace, @grace', () => [grace]],
    ['@grace.', () => [grace]],
    ['@grace.h said so', () => [linus]],
    ['@grace.hopper said so', () => [grace]],
    ['@linus-t. and @linus-t', () => [linus]],
    ['me@grace.org and @assistant and @nobody', () => []],
    ['@stranger, who is no member, and @grace', () => [grace]],
  ])('in %j whom it names', async (body, expected) => {
    const conversation = await group()
    expect((await talk.say(ada, conversation, body)).mentions).toEqual(users(...expected()))
    expect((await talk.list(grace, conversation))[0]?.mentions).toEqual(users(...expected()))
  })

  it('those whom it names after it was changed', async () => {
    const conversation = await group()
    const { id } = await talk.say(ada, conversation, '@grace')
    expect((await talk.edit(ada, id, '@grace.h, @ada')).message?.mentions).toEqual(users(linus, ada))
    expect((await talk.edit(ada, id, 'nobody')).message?.mentions).toEqual([])
  })

  it('those who are members when it is stored, whatever they were when it was sent', async () => {
    const joining = newUuid()
    chat.usernames.set('joining', joining)
    const conversation = await group()
    let said: Promise<TalkMessage> | undefined
    await chat.fork().transactional(async (em) => {
      await em.execute('SELECT FROM chat.conversation WHERE id = ? FOR NO KEY UPDATE', [conversation.id])
      said = talk.say(ada, conversation, '@grace, @grace.h and @joining')
      await blockedStatement(chat, 'chat.conversation')
      const change = [joining, conversation.id, grace]
      await em.execute('UPDATE chat.member SET user_id = ? WHERE conversation_id = ? AND user_id = ?', change)
    })
    expect((await said)?.mentions).toEqual(users(linus, joining))
  })

  it('fifty members at most', async () => {
    const members = Array.from({ length: 60 }, () => newUuid())
    for (const [index, id] of members.entries()) chat.usernames.set(`member${index}`, id)
    const conversation = await talk.converse('GROUP', ...members)
    const body = members.map((_, index) => `@member${index}`).join(' ')

    expect((await talk.say(ada, conversation, body)).mentions).toEqual(users(...members.slice(0, 50)))
  })

  it('nobody without an @, and then auth is not asked', async () => {
    chat.isAuthAway = true
    const conversation = await group()
    await talk.say(ada, conversation, 'Hello grace')
    expect(await pending(conversation)).toEqual([])
  })
})

const pending = ({ id }: Conversation) =>
  chat
    .fork()
    .execute('SELECT number FROM chat.message WHERE conversation_id = ? AND mentions_pending ORDER BY number', [id])

describe('a message that was stored while auth was away', () => {
  it('mentions its people later, and tells so once, however many processes look', async () => {
    const conversation = await group()
    chat.isAuthAway = true
    const first = await talk.say(ada, conversation, 'Hello @grace')
    const second = await talk.say(ada, conversation, 'Hello')
    await talk.edit(ada, second.id, 'Hello @grace.h')
    const third = await talk.say(ada, conversation, 'Hello @stranger')
    await using one = openPendingMentions(chat)
    await using other = openPendingMentions(chat)
    await one.wake()
    expect(await pending(conversation)).toEqual([{ number: 1 }, { number: 2 }, { number: 3 }])
    expect(first.mentions).toEqual([])

    chat.isAuthAway = false
    await Promise.all([one.wake(), other.wake()])
    expect(await pending(conversation)).toEqual([])
    expect(await talk.list(ada, conversation)).toMatchObject([
      { mentions: users(grace), editedAt: null, edits: [] },
      { mentions: users(linus), edits: [{ body: 'Hello' }] },
      { mentions: [] },
    ])
    expect((await talk.events(conversation)).filter((event) => event !== `MessageAdded ${third.id}`)).toEqual([
      `MessageAdded ${first.id}`,
      `MessageAdded ${second.id}`,
      `MessageEdited ${second.id}`,
      `MessageEdited ${first.id}`,
      `MessageEdited ${second.id}`,
    ])
  })

  it('mentions its people as soon as a process has started', async () => {
    const conversation = await group()
    chat.isAuthAway = true
    await talk.say(ada, conversation, 'Hello @grace')
    chat.isAuthAway = false
    await using _ = openPendingMentions(chat)
    await expect.poll(() => talk.list(ada, conversation)).toMatchObject([{ mentions: users(grace) }])
  })

  it('keeps none waiting behind one whose conversation is deleted meanwhile', async () => {
    const [first, last] = [await group(), await group()].toSorted((one, other) => (one.id < other.id ? -1 : 1))
    if (!first || !last) throw new Error('There were two.')
    chat.isAuthAway = true
    for (const conversation of [first, last]) await talk.say(ada, conversation, 'Hello @grace')
    chat.isAuthAway = false
    const people: People = {
      ...chat.people,
      async named(names) {
        await chat.fork().execute('UPDATE chat.conversation SET deleted_at = now() WHERE id = ?', [first.id])
        return chat.people.named(names)
      },
    }
    await using worker = openPendingMentions({ ...chat, people })
    await worker.wake()

    expect(await pending(first)).toEqual([{ number: 1 }])
    expect(await talk.list(ada, last)).toMatchObject([{ mentions: users(grace) }])
  })

  it('keeps none waiting behind one that cannot be settled', async () => {
    const conversation = await group()
    chat.isAuthAway = true
    await talk.say(ada, conversation, 'Hello @grace')
    await talk.say(ada, conversation, 'Hello @grace.h')
    chat.isAuthAway = false
    const people: People = {
      ...chat.people,
      async named(names) {
        if (!names.includes('grace.h')) throw new Error('Something is wrong with this one.')
        return chat.people.named(names)
      },
    }
    await using worker = openPendingMentions({ ...chat, people })
    await worker.wake()

    expect(await pending(conversation)).toEqual([{ number: 1 }])
    expect((await talk.list(ada, conversation))[1]).toMatchObject({ mentions: users(linus) })
  })

  it('mentions nobody when it was deleted meanwhile', async () => {
    const conversation = await group()
    chat.isAuthAway = true
    const { id } = await talk.say(ada, conversation, 'Hello @grace')
    await talk.delete(ada, id)
    chat.isAuthAway = false
    await using worker = openPendingMentions(chat)
    await worker.wake()

    expect(await talk.list(ada, conversation)).toMatchObject([{ mentions: [] }])
    expect(await talk.events(conversation)).toEqual([`MessageAdded ${id}`, `MessageDeleted ${id}`])
  })

  it('is found behind more than one batch of others', async () => {
    const conversation = await group()
    chat.isAuthAway = true
    await Promise.all(Array.from({ length: 8 }, () => sayMany(conversation)))
    chat.isAuthAway = false
    await using worker = openPendingMentions(chat)
    await worker.wake()
    expect(await pending(conversation)).toEqual([])
  })

  async function sayMany(conversation: Conversation) {
    for (let count = 0; count < 15; count += 1) await chat.say(conversation, '@nobody')
  }
})
