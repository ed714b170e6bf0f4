import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { newUuid } from '../../../platform/ids.ts'
import { openChatFixture } from '../testing/chat-fixture.ts'
import type { Conversation } from './conversation.entity.ts'
import { ConversationCalls } from './testing/conversation-calls.ts'

const MODERATE = ['conversations:moderate']

const chat = await openChatFixture()
afterAll(() => chat[Symbol.asyncDispose]())
const calls = new ConversationCalls(chat)

/** Ada owns what there is, Bob is a member of it, and Eve is not. */
let [ada, bob, cy, eve] = ['', '', '', '']
beforeEach(() => {
  ;[ada, bob, cy, eve] = [newUuid(), newUuid(), newUuid(), newUuid()]
})

const own = (kind: Conversation['kind'] = 'GROUP', ...others: string[]) => calls.own(ada, kind, ...others)

describe('removing a member', () => {
  /** What Ada owns with these roles. */
  async function withRoles(roles: Record<string, string>, kind: Conversation['kind'] = 'GROUP') {
    const conversation = await own(kind, ...Object.keys(roles))
    for (const [userId, role] of Object.entries(roles)) await calls.setRole(ada, conversation, userId, role)
    return conversation
  }

  it('takes it out of their sight and tells their inbox', async () => {
    const group = await own('GROUP', bob)
    expect(await calls.touchesOf(bob, () => calls.remove(ada, group, bob))).toBe(1)
    expect(await calls.see(bob, group)).toBeNull()
    expect((await calls.see(ada, group))?.memberCount).toBe(1)
    expect(await calls.eventsOf(group)).toEqual([{ kind: 'MemberRemoved', userId: bob }])
  })

  it('is for OWNER with anybody, and for ADMIN with those who are MEMBER', async () => {
    const dan = newUuid()
    const group = await withRoles({ [bob]: 'ADMIN', [cy]: 'ADMIN', [dan]: 'MEMBER' })
    expect((await calls.remove(dan, group, bob)).codes).toEqual(['FORBIDDEN'])
    expect((await calls.remove(bob, group, cy)).codes).toEqual(['FORBIDDEN'])
    expect((await calls.remove(bob, group, ada)).codes).toEqual(['FORBIDDEN'])
    expect((await calls.remove(bob, group, dan)).conversation?.memberCount).toBe(3)

    await calls.setRole(ada, group, cy, 'OWNER')
    expect((await calls.remove(ada, group, cy)).conversation?.memberCount).toBe(2)
    expect((await calls.remove(ada, group, bob)).conversation?.memberCount).toBe(1)
  })

  it('who is none is a user error to those who could, and is hidden from strangers', async () => {
    const group = await own('GROUP', bob)
    expect((await calls.remove(ada, group, eve)).userErrors).toEqual(['NOT_FOUND at input.userId'])
    expect((await calls.remove(bob, group, eve)).codes).toEqual(['FORBIDDEN'])
    expect((await calls.remove(eve, group, bob)).codes).toEqual(['NOT_FOUND'])
    expect((await calls.remove(eve, await own('CHANNEL', bob), bob)).codes).toEqual(['FORBIDDEN'])
  })

  it('is leaving when it is oneself', async () => {
    const group = await own('GROUP', bob)
    expect((await calls.remove(ada, group, ada)).userErrors).toEqual(['LAST_OWNER at input.userId'])
    expect(await calls.remove(bob, group, bob)).toEqual({ conversation: null, userErrors: [], codes: [] })
    expect((await calls.remove(eve, await own('CHANNEL'), eve, MODERATE)).codes).toEqual(['FORBIDDEN'])
  })

  it('is FORBIDDEN in a DIRECT conversation and with the assistant, to moderators too', async () => {
    expect((await calls.remove(ada, await own('DIRECT', bob), bob, MODERATE)).codes).toEqual(['FORBIDDEN'])
    expect((await calls.remove(ada, await own('ASSISTANT'), bob, MODERATE)).codes).toEqual(['FORBIDDEN'])
    expect((await calls.remove(eve, await own('DIRECT', bob), bob, MODERATE)).codes).toEqual(['NOT_FOUND'])
  })

  it('is for moderators with anybody, who need not see the conversation', async () => {
    const group = await withRoles({ [bob]: 'ADMIN', [cy]: 'OWNER' })
    expect(await calls.remove(eve, group, bob, MODERATE)).toEqual({ conversation: null, userErrors: [], codes: [] })
    expect(await calls.remove(eve, group, cy, MODERATE)).toEqual({ conversation: null, userErrors: [], codes: [] })
    expect(await calls.rolesIn(group)).toEqual({ [ada]: 'OWNER' })
  })

  it('who is the last owner has a moderator hand over to the longest-standing ADMIN', async () => {
    const dan = newUuid()
    const group = await own()
    for (const userId of [bob, dan, cy]) await calls.add(ada, group, userId)
    for (const userId of [cy, dan]) await calls.setRole(ada, group, userId, 'ADMIN')
    expect(await calls.touchesOf(dan, () => calls.remove(eve, group, ada, MODERATE))).toBe(1)

    expect(await calls.rolesIn(group)).toEqual({ [bob]: 'MEMBER', [dan]: 'OWNER', [cy]: 'ADMIN' })
    expect((await calls.eventsOf(group)).slice(-2)).toEqual([
      { kind: 'MemberRemoved', userId: ada },
      { kind: 'MemberRoleChanged', userId: dan, role: 'OWNER' },
    ])
  })

  it('who is the last owner has a moderator hand over to the longest-standing member without an ADMIN', async () => {
    const channel = await own('CHANNEL')
    for (const userId of [cy, bob]) await calls.join(userId, channel)
    const answer = await calls.remove(bob, channel, ada, MODERATE)
    expect(answer.conversation).toMatchObject({ memberCount: 2, viewerRole: 'MEMBER' })
    expect(await calls.rolesIn(channel)).toEqual({ [cy]: 'OWNER', [bob]: 'MEMBER' })
  })

  it('who is the only one is refused to moderators', async () => {
    const group = await own()
    expect((await calls.remove(eve, group, ada, MODERATE)).userErrors).toEqual(['LAST_OWNER at input.userId'])
    expect(await calls.rolesIn(group)).toEqual({ [ada]: 'OWNER' })
    expect(await calls.eventsOf(group)).toEqual([])
  })
})

describe('setting a role', () => {
  it('is for OWNER, is logged, and tells the inbox of whom it concerns', async () => {
    const group = await own('GROUP', bob)
    expect(await calls.touchesOf(bob, () => calls.setRole(ada, group, bob, 'ADMIN'))).toBe(1)
    expect((await calls.see(bob, group))?.viewerRole).toBe('ADMIN')
    expect(await calls.eventsOf(group)).toEqual([{ kind: 'MemberRoleChanged', userId: bob, role: 'ADMIN' }])

    expect((await calls.setRole(bob, group, bob, 'OWNER')).codes).toEqual(['FORBIDDEN'])
    expect((await calls.setRole(eve, group, bob, 'OWNER')).codes).toEqual(['NOT_FOUND'])
    expect((await calls.setRole(eve, await own('CHANNEL', bob), bob, 'OWNER')).codes).toEqual(['FORBIDDEN'])
    expect((await calls.setRole(ada, await own('DIRECT', bob), bob, 'OWNER')).codes).toEqual(['FORBIDDEN'])
    expect((await calls.setRole(ada, await own('ASSISTANT'), ada, 'OWNER')).codes).toEqual(['FORBIDDEN'])
  })

  it('to what it is changes nothing', async () => {
    const group = await own('GROUP', bob)
    expect(await calls.touchesOf(bob, () => calls.setRole(ada, group, bob, 'MEMBER'))).toBe(0)
    expect((await calls.setRole(ada, group, ada, 'OWNER')).userErrors).toEqual([])
    expect(await calls.eventsOf(group)).toEqual([])
  })

  it('keeps the last owner', async () => {
    const group = await own('GROUP', bob)
    expect((await calls.setRole(ada, group, ada, 'ADMIN')).userErrors).toEqual(['LAST_OWNER at input.role'])
    await calls.setRole(ada, group, bob, 'OWNER')
    expect((await calls.setRole(ada, group, ada, 'MEMBER')).conversation?.viewerRole).toBe('MEMBER')
  })

  it('keeps one of two owners who step down at the same moment', async () => {
    const group = await own('GROUP', bob)
    await calls.setRole(ada, group, bob, 'OWNER')
    const answers = await Promise.all([
      calls.setRole(ada, group, ada, 'MEMBER'),
      calls.setRole(bob, group, bob, 'MEMBER'),
    ])
    expect(answers.flatMap(({ userErrors }) => userErrors)).toEqual(['LAST_OWNER at input.role'])
    expect(Object.values(await calls.rolesIn(group)).sort()).toEqual(['MEMBER', 'OWNER'])
  })

  it('of who is no member is a user error', async () => {
    expect((await calls.setRole(ada, await own(), eve, 'ADMIN')).userErrors).toEqual(['NOT_FOUND at input.userId'])
  })
})
