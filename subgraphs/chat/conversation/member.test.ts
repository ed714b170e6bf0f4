import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { SubgraphUnavailableError } from '../../../platform/errors.ts'
import { encodeId, newUuid } from '../../../platform/ids.ts'
import { type ChatFixture, openChatFixture, viewerNamed } from '../testing/chat-fixture.ts'
import type { Conversation } from './conversation.entity.ts'
import { ConversationChanges } from './conversation-change.ts'
import { MemberService } from './member.service.ts'
import { ConversationCalls } from './testing/conversation-calls.ts'

const usr = (uuid: string) => encodeId('usr', uuid)

let chat: ChatFixture
let calls: ConversationCalls
beforeAll(async () => {
  chat = await openChatFixture()
  calls = new ConversationCalls(chat)
})
afterAll(() => chat[Symbol.asyncDispose]())

/** Ada owns what there is, Bob is a member of it, and Eve is not. */
let [ada, bob, cy, eve] = ['', '', '', '']
beforeEach(() => {
  ;[ada, bob, cy, eve] = [newUuid(), newUuid(), newUuid(), newUuid()]
})

const own = (kind: Conversation['kind'] = 'GROUP', ...others: string[]) =>
  chat.services.conversations.create(chat.fork(), ada, { kind, memberIds: others.map(usr) })

const join = (userId: string, conversation: Conversation) => calls.change(userId, 'joinChannel', conversation)
const leave = (userId: string, conversation: Conversation) => calls.change(userId, 'leaveConversation', conversation)
const add = (userId: string, conversation: Conversation, ...userIds: string[]) =>
  calls.change(userId, 'addMembers', conversation, { userIds: userIds.map(usr) })
const setRole = (userId: string, conversation: Conversation, whom: string, role: string) =>
  calls.change(userId, 'setMemberRole', conversation, { userId: usr(whom), role })

const touches = (userId: string, work: () => Promise<unknown>) => calls.touchesOf(userId, work)

describe('joining a CHANNEL', () => {
  it('makes the viewer a MEMBER who has read everything so far', async () => {
    const channel = await own('CHANNEL')
    await chat.services.messages.send(chat.fork(), ada, channel, { body: 'Hello', clientId: newUuid() })
    const { conversation } = await join(bob, channel)

    expect(conversation).toMatchObject({ memberCount: 2, viewerRole: 'MEMBER', unreadCount: 0 })
    expect(await calls.list(bob)).toEqual([channel.id])
    expect((await calls.eventsOf(channel)).at(-1)).toEqual({ kind: 'MemberAdded', userId: bob, role: 'MEMBER' })
    expect(await calls.inboxOf(bob)).toBe(1)
  })

  it('again changes nothing, also at the same moment', async () => {
    const channel = await own('CHANNEL')
    await Promise.all(Array.from({ length: 6 }, () => join(bob, channel)))
    expect((await join(ada, channel)).conversation).toMatchObject({ memberCount: 2, viewerRole: 'OWNER' })
    expect(await calls.eventsOf(channel)).toHaveLength(1)
  })

  it('counts everybody who joins at the same moment', async () => {
    const channel = await own('CHANNEL')
    const people = Array.from({ length: 20 }, newUuid)
    await Promise.all(people.map((userId) => join(userId, channel)))
    expect((await calls.see(ada, channel))?.memberCount).toBe(21)
    expect(Object.keys(await calls.rolesIn(channel))).toHaveLength(21)
  })

  it('is FORBIDDEN to the members of other kinds, whose strangers find nothing', async () => {
    for (const conversation of [await own('GROUP'), await own('ASSISTANT'), await own('DIRECT', bob)]) {
      expect((await join(ada, conversation)).codes).toEqual(['FORBIDDEN'])
      expect((await join(eve, conversation)).codes).toEqual(['NOT_FOUND'])
    }
    expect((await join(eve, { id: newUuid() } as Conversation)).codes).toEqual(['NOT_FOUND'])
  })
})

describe('leaving', () => {
  it('a GROUP takes it out of sight', async () => {
    const group = await own('GROUP', bob)
    expect(await touches(bob, () => leave(bob, group))).toBe(1)

    expect(await calls.see(bob, group)).toBeNull()
    expect(await calls.list(bob)).toEqual([])
    expect((await calls.see(ada, group))?.memberCount).toBe(1)
    expect(await calls.eventsOf(group)).toEqual([{ kind: 'MemberRemoved', userId: bob }])
    expect(await leave(bob, group)).toMatchObject({ codes: ['NOT_FOUND'] })
  })

  it('answers with a CHANNEL, which everybody sees, and with nothing in a GROUP', async () => {
    const answer = await leave(bob, await own('CHANNEL', bob))
    expect(answer.conversation).toMatchObject({ viewerRole: null, memberCount: 1, unreadCount: 0 })
    expect(await leave(bob, await own('GROUP', bob))).toEqual({ conversation: null, userErrors: [], codes: [] })
  })

  it('is for owners while there is another one', async () => {
    const group = await own('GROUP', bob, cy)
    await setRole(ada, group, bob, 'ADMIN')
    expect((await leave(ada, group)).userErrors).toEqual(['LAST_OWNER at input.conversationId'])

    await setRole(ada, group, bob, 'OWNER')
    expect((await leave(ada, group)).userErrors).toEqual([])
    expect(await calls.rolesIn(group)).toEqual({ [bob]: 'OWNER', [cy]: 'MEMBER' })
  })

  it('keeps one of two owners who leave at the same moment', async () => {
    for (let round = 0; round < 5; round += 1) {
      const group = await own('GROUP', bob, cy)
      await setRole(ada, group, bob, 'OWNER')
      const answers = await Promise.all([leave(ada, group), leave(bob, group)])

      expect(answers.flatMap(({ userErrors }) => userErrors)).toEqual(['LAST_OWNER at input.conversationId'])
      expect(Object.values(await calls.rolesIn(group)).sort()).toEqual(['MEMBER', 'OWNER'])
      expect((await calls.see(cy, group))?.memberCount).toBe(2)
    }
  })

  it('a conversation with the assistant is to delete it instead', async () => {
    expect((await leave(ada, await own('ASSISTANT'))).userErrors).toEqual(['LAST_OWNER at input.conversationId'])
  })

  it('is FORBIDDEN in a DIRECT conversation, and in a CHANNEL to who is not in it', async () => {
    expect((await leave(bob, await own('DIRECT', bob))).codes).toEqual(['FORBIDDEN'])
    expect((await leave(eve, await own('CHANNEL'))).codes).toEqual(['FORBIDDEN'])
  })
})

describe('adding members', () => {
  it('adds all of them, who have read everything so far', async () => {
    const group = await own()
    await chat.services.messages.send(chat.fork(), ada, group, { body: 'Hello', clientId: newUuid() })
    const answer = await add(ada, group, bob, cy, bob)

    expect(answer.conversation).toMatchObject({ memberCount: 3 })
    expect(await calls.see(bob, group)).toMatchObject({ viewerRole: 'MEMBER', unreadCount: 0 })
    expect((await calls.eventsOf(group)).slice(1)).toEqual([
      { kind: 'MemberAdded', userId: bob, role: 'MEMBER' },
      { kind: 'MemberAdded', userId: cy, role: 'MEMBER' },
    ])
    expect([await calls.inboxOf(bob), await calls.inboxOf(cy)]).toEqual([1, 1])
  })

  it('adds nobody when one of them is a member, the viewer included', async () => {
    const group = await own('GROUP', bob)
    for (const member of [ada, bob]) {
      expect((await add(ada, group, cy, member)).userErrors).toEqual(['ALREADY_MEMBER at input.userIds'])
    }
    expect(Object.keys(await calls.rolesIn(group))).toHaveLength(2)
    expect(await calls.inboxOf(cy)).toBe(0)
  })

  it('adds nobody when one of them does not exist', async () => {
    const group = await own()
    chat.unknownPeople.add(cy)
    expect((await add(ada, group, bob, cy)).userErrors).toEqual(['NOT_FOUND at input.userIds'])
    expect(await calls.rolesIn(group)).toEqual({ [ada]: 'OWNER' })
  })

  it('refuses nobody, more than a hundred, and what is not a person', async () => {
    const group = await own()
    expect((await add(ada, group)).userErrors).toEqual(['BAD_USER_INPUT at input.userIds'])
    const many = Array.from({ length: 101 }, newUuid)
    expect((await add(ada, group, ...many)).userErrors).toEqual(['BAD_USER_INPUT at input.userIds'])
    expect((await add(ada, group, ...many.slice(1))).conversation?.memberCount).toBe(101)
    const wrong = await calls.change(ada, 'addMembers', group, { userIds: [encodeId('msg', bob)] })
    expect(wrong.codes).toEqual(['BAD_USER_INPUT'])
  })

  it('adds somebody once whom two people add at the same moment', async () => {
    const group = await own('GROUP', bob)
    await setRole(ada, group, bob, 'ADMIN')
    const answers = await Promise.all([add(ada, group, cy), add(bob, group, cy)])
    expect(answers.flatMap(({ userErrors }) => userErrors)).toEqual(['ALREADY_MEMBER at input.userIds'])
    expect((await calls.see(cy, group))?.memberCount).toBe(3)
  })

  it('is for OWNER and ADMIN of a GROUP or CHANNEL', async () => {
    for (const conversation of [await own('GROUP', bob), await own('CHANNEL', bob)]) {
      expect((await add(bob, conversation, cy)).codes).toEqual(['FORBIDDEN'])
      await setRole(ada, conversation, bob, 'ADMIN')
      expect((await add(bob, conversation, cy)).conversation?.memberCount).toBe(3)
    }
    expect((await add(ada, await own('DIRECT', bob), cy)).codes).toEqual(['FORBIDDEN'])
    expect((await add(ada, await own('ASSISTANT'), cy)).codes).toEqual(['FORBIDDEN'])
    expect((await add(eve, await own('CHANNEL'), cy)).codes).toEqual(['FORBIDDEN'])
    expect((await add(eve, await own('GROUP'), cy)).codes).toEqual(['NOT_FOUND'])
  })

  it('asks auth only for those who may add somebody, and adds nobody while it is away', async () => {
    const asked: string[][] = []
    const people = {
      ...chat.people,
      existing: (ids: string[]) => {
        asked.push(ids)
        return Promise.reject(new SubgraphUnavailableError('auth'))
      },
    }
    const members = new MemberService({ changes: new ConversationChanges({ bus: chat.bus }), people })
    const group = await own()
    await expect(members.add(chat.fork(), viewerNamed(eve), group.id, [cy])).rejects.toThrow('No such conversation.')
    expect(asked).toEqual([])
    await expect(members.add(chat.fork(), viewerNamed(ada), group.id, [cy])).rejects.toThrow(SubgraphUnavailableError)
    expect(asked).toEqual([[cy]])
    expect(await calls.rolesIn(group)).toEqual({ [ada]: 'OWNER' })
  })
})

describe('muting', () => {
  const mute = (userId: string, conversation: Conversation, muted: boolean) =>
    calls.change(userId, 'muteConversation', conversation, { muted })

  it('is for oneself alone, and is told to one’s own inbox and to nobody else', async () => {
    const group = await own('GROUP', bob)
    expect(await touches(ada, () => mute(bob, group, true))).toBe(0)
    expect((await calls.see(bob, group))?.isMuted).toBe(true)
    expect((await calls.see(ada, group))?.isMuted).toBe(false)
    expect(await touches(bob, () => mute(bob, group, true))).toBe(0)
    expect(await touches(bob, () => mute(bob, group, false))).toBe(1)
    expect((await calls.see(bob, group))?.isMuted).toBe(false)
    expect(await calls.eventsOf(group)).toEqual([])
  })

  it('is FORBIDDEN to who reads a CHANNEL, and NOT_FOUND to strangers', async () => {
    expect((await mute(eve, await own('CHANNEL'), true)).codes).toEqual(['FORBIDDEN'])
    expect((await mute(eve, await own('GROUP'), true)).codes).toEqual(['NOT_FOUND'])
  })
})
