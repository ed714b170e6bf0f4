import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { SubgraphUnavailableError } from '../../../platform/errors.ts'
import { encodeId, newUuid } from '../../../platform/ids.ts'
import { openChatFixture, viewerNamed } from '../testing/chat-fixture.ts'
import type { Conversation } from './conversation.entity.ts'
import { ConversationChanges } from './conversation-change.ts'
import { MemberService } from './member.service.ts'
import { ConversationCalls } from './testing/conversation-calls.ts'

const chat = await openChatFixture()
afterAll(() => chat[Symbol.asyncDispose]())
const calls = new ConversationCalls(chat)

/** Ada owns what there is, Bob is a member of it, and Eve is not. */
let [ada, bob, cy, eve] = ['', '', '', '']
beforeEach(() => {
  ;[ada, bob, cy, eve] = [newUuid(), newUuid(), newUuid(), newUuid()]
})

const own = (kind: Conversation['kind'] = 'GROUP', ...others: string[]) => calls.own(ada, kind, ...others)

describe('joining a CHANNEL', () => {
  it('makes the viewer a MEMBER who has read everything so far', async () => {
    const channel = await own('CHANNEL')
    await chat.services.messages.send(chat.fork(), ada, channel, { body: 'Hello', clientId: newUuid() })
    const { conversation } = await calls.join(bob, channel)

    expect(conversation).toMatchObject({ memberCount: 2, viewerRole: 'MEMBER', unreadCount: 0 })
    expect(await calls.list(bob)).toEqual([channel.id])
    expect((await calls.eventsOf(channel)).at(-1)).toEqual({ kind: 'MemberAdded', userId: bob, role: 'MEMBER' })
    expect(await calls.inboxOf(bob)).toBe(1)
  })

  it('again changes nothing, also at the same moment', async () => {
    const channel = await own('CHANNEL')
    await Promise.all(Array.from({ length: 6 }, () => calls.join(bob, channel)))
    expect((await calls.join(ada, channel)).conversation).toMatchObject({ memberCount: 2, viewerRole: 'OWNER' })
    expect(await calls.eventsOf(channel)).toHaveLength(1)
  })

  it('counts everybody who joins at the same moment', async () => {
    const channel = await own('CHANNEL')
    const people = Array.from({ length: 20 }, newUuid)
    await Promise.all(people.map((userId) => calls.join(userId, channel)))
    expect((await calls.see(ada, channel))?.memberCount).toBe(21)
    expect(Object.keys(await calls.rolesIn(channel))).toHaveLength(21)
  })

  it('is FORBIDDEN to the members of other kinds, whose strangers find nothing', async () => {
    for (const conversation of [await own('GROUP'), await own('ASSISTANT'), await own('DIRECT', bob)]) {
      expect((await calls.join(ada, conversation)).codes).toEqual(['FORBIDDEN'])
      expect((await calls.join(eve, conversation)).codes).toEqual(['NOT_FOUND'])
    }
    expect((await calls.join(eve, { id: newUuid() } as Conversation)).codes).toEqual(['NOT_FOUND'])
  })
})

describe('leaving', () => {
  it('a GROUP takes it out of sight', async () => {
    const group = await own('GROUP', bob)
    expect(await calls.touchesOf(bob, () => calls.leave(bob, group))).toBe(1)

    expect(await calls.see(bob, group)).toBeNull()
    expect(await calls.list(bob)).toEqual([])
    expect((await calls.see(ada, group))?.memberCount).toBe(1)
    expect(await calls.eventsOf(group)).toEqual([{ kind: 'MemberRemoved', userId: bob }])
    expect(await calls.leave(bob, group)).toMatchObject({ codes: ['NOT_FOUND'] })
  })

  it('answers with a CHANNEL, which everybody sees, and with nothing in a GROUP', async () => {
    const answer = await calls.leave(bob, await own('CHANNEL', bob))
    expect(answer.conversation).toMatchObject({ viewerRole: null, memberCount: 1, unreadCount: 0 })
    expect(await calls.leave(bob, await own('GROUP', bob))).toEqual({ conversation: null, userErrors: [], codes: [] })
  })

  it('is for owners while there is another one', async () => {
    const group = await own('GROUP', bob, cy)
    await calls.setRole(ada, group, bob, 'ADMIN')
    expect((await calls.leave(ada, group)).userErrors).toEqual(['LAST_OWNER at input.conversationId'])

    await calls.setRole(ada, group, bob, 'OWNER')
    expect((await calls.leave(ada, group)).userErrors).toEqual([])
    expect(await calls.rolesIn(group)).toEqual({ [bob]: 'OWNER', [cy]: 'MEMBER' })
  })

  it('keeps one of two owners who leave at the same moment', async () => {
    for (let round = 0; round < 5; round += 1) {
      const group = await own('GROUP', bob, cy)
      await calls.setRole(ada, group, bob, 'OWNER')
      const answers = await Promise.all([calls.leave(ada, group), calls.leave(bob, group)])

      expect(answers.flatMap(({ userErrors }) => userErrors)).toEqual(['LAST_OWNER at input.conversationId'])
      expect(Object.values(await calls.rolesIn(group)).sort()).toEqual(['MEMBER', 'OWNER'])
      expect((await calls.see(cy, group))?.memberCount).toBe(2)
    }
  })

  it('a conversation with the assistant is to delete it instead', async () => {
    const talk = await own('ASSISTANT')
    const members = chat.services.members
    expect((await calls.leave(ada, talk)).userErrors).toEqual(['LAST_OWNER at input.conversationId'])
    await expect(members.leave(chat.fork(), viewerNamed(ada), talk.id)).rejects.toThrow('delete it instead')
    const group = await own('GROUP', bob)
    await expect(members.leave(chat.fork(), viewerNamed(ada), group.id)).rejects.toThrow('make another member an owner')
  })

  it('is FORBIDDEN in a DIRECT conversation, and in a CHANNEL to who is not in it', async () => {
    expect((await calls.leave(bob, await own('DIRECT', bob))).codes).toEqual(['FORBIDDEN'])
    expect((await calls.leave(eve, await own('CHANNEL'))).codes).toEqual(['FORBIDDEN'])
  })
})

describe('adding members', () => {
  it('adds all of them, who have read everything so far', async () => {
    const group = await own()
    await chat.services.messages.send(chat.fork(), ada, group, { body: 'Hello', clientId: newUuid() })
    const answer = await calls.add(ada, group, bob, cy, bob)

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
      expect((await calls.add(ada, group, cy, member)).userErrors).toEqual(['ALREADY_MEMBER at input.userIds'])
    }
    expect(Object.keys(await calls.rolesIn(group))).toHaveLength(2)
    expect(await calls.inboxOf(cy)).toBe(0)
  })

  it('adds nobody when one of them does not exist', async () => {
    const group = await own()
    chat.unknownPeople.add(cy)
    expect((await calls.add(ada, group, bob, cy)).userErrors).toEqual(['NOT_FOUND at input.userIds'])
    expect(await calls.rolesIn(group)).toEqual({ [ada]: 'OWNER' })
  })

  it('refuses nobody, more than a hundred, and what is not a person', async () => {
    const group = await own()
    expect((await calls.add(ada, group)).userErrors).toEqual(['BAD_USER_INPUT at input.userIds'])
    const many = Array.from({ length: 101 }, newUuid)
    expect((await calls.add(ada, group, ...many)).userErrors).toEqual(['BAD_USER_INPUT at input.userIds'])
    expect((await calls.add(ada, group, ...many.slice(1))).conversation?.memberCount).toBe(101)
    const wrong = await calls.change(ada, 'addMembers', group, { userIds: [encodeId('msg', bob)] })
    expect(wrong.codes).toEqual(['BAD_USER_INPUT'])
  })

  it('adds somebody once whom two people add at the same moment', async () => {
    const group = await own('GROUP', bob)
    await calls.setRole(ada, group, bob, 'ADMIN')
    const answers = await Promise.all([calls.add(ada, group, cy), calls.add(bob, group, cy)])
    expect(answers.flatMap(({ userErrors }) => userErrors)).toEqual(['ALREADY_MEMBER at input.userIds'])
    expect((await calls.see(cy, group))?.memberCount).toBe(3)
  })

  it('is for OWNER and ADMIN of a GROUP or CHANNEL', async () => {
    for (const conversation of [await own('GROUP', bob), await own('CHANNEL', bob)]) {
      expect((await calls.add(bob, conversation, cy)).codes).toEqual(['FORBIDDEN'])
      await calls.setRole(ada, conversation, bob, 'ADMIN')
      expect((await calls.add(bob, conversation, cy)).conversation?.memberCount).toBe(3)
    }
    expect((await calls.add(ada, await own('DIRECT', bob), cy)).codes).toEqual(['FORBIDDEN'])
    expect((await calls.add(ada, await own('ASSISTANT'), cy)).codes).toEqual(['FORBIDDEN'])
    expect((await calls.add(eve, await own('CHANNEL'), cy)).codes).toEqual(['FORBIDDEN'])
    expect((await calls.add(eve, await own('GROUP'), cy)).codes).toEqual(['NOT_FOUND'])
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
    expect(await calls.touchesOf(ada, () => mute(bob, group, true))).toBe(0)
    expect((await calls.see(bob, group))?.isMuted).toBe(true)
    expect((await calls.see(ada, group))?.isMuted).toBe(false)
    expect(await calls.touchesOf(bob, () => mute(bob, group, true))).toBe(0)
    expect(await calls.touchesOf(bob, () => mute(bob, group, false))).toBe(1)
    expect((await calls.see(bob, group))?.isMuted).toBe(false)
    expect(await calls.eventsOf(group)).toEqual([])
  })

  it('is FORBIDDEN to who reads a CHANNEL, and NOT_FOUND to strangers', async () => {
    expect((await mute(eve, await own('CHANNEL'), true)).codes).toEqual(['FORBIDDEN'])
    expect((await mute(eve, await own('GROUP'), true)).codes).toEqual(['NOT_FOUND'])
  })
})
