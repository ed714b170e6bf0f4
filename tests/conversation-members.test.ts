import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EventStream } from './support/event-stream.ts'
import { createConversation, type Person, signUp } from './support/people.ts'
import { startTestGraph, type TestGraph } from './support/test-graph.ts'

const EVENTS = `subscription Events($id: ID!) {
  conversationEvents(conversationId: $id) {
    __typename
    cursor
    ... on MemberAdded { user { id username } role }
    ... on MemberRoleChanged { user { id username } role }
    ... on MemberRemoved { userId }
    ... on ConversationUpdated { conversation { title members { nodes { user { username } role } } } }
    ... on ConversationDeleted { conversationId }
  }
}`

describe('who follows a conversation', () => {
  let graph: TestGraph
  let ada: Person
  let bob: Person
  let cy: Person
  beforeAll(async () => {
    graph = await startTestGraph()
    ada = await signUp(graph, 'ada')
    bob = await signUp(graph, 'bob')
    cy = await signUp(graph, 'cy')
  })
  afterAll(() => graph[Symbol.asyncDispose]())

  const change = async (mutation: string, input: object) => {
    const type =
      mutation === 'deleteConversation'
        ? 'ConversationIdInput'
        : `${mutation[0]?.toUpperCase()}${mutation.slice(1)}Input`
    const { payload } = await ada.client.run<{ payload: { userErrors: object[] } }>(
      `mutation ($input: ${type}!) { payload: ${mutation}(input: $input) { userErrors { code } } }`,
      { input },
    )
    expect(payload.userErrors).toEqual([])
  }

  const next = async (events: EventStream<object>) => {
    const event = await events.next()
    expect(event).toMatchObject({ cursor: expect.any(String) })
    return event
  }

  it('is told of members and settings as they change, with the people from auth, and last of the deletion', async () => {
    const conversationId = await createConversation(ada, { kind: 'GROUP', memberIds: [bob.id] })
    const events = bob.client.follow<object>(EVENTS, { id: conversationId })
    expect(await next(events)).toMatchObject({ __typename: 'CaughtUp' })
    const user = { id: cy.id, username: cy.username }

    await change('addMembers', { conversationId, userIds: [cy.id] })
    expect(await next(events)).toMatchObject({ __typename: 'MemberAdded', user, role: 'MEMBER' })
    await change('setMemberRole', { conversationId, userId: cy.id, role: 'ADMIN' })
    expect(await next(events)).toMatchObject({ __typename: 'MemberRoleChanged', user, role: 'ADMIN' })
    await change('removeMember', { conversationId, userId: cy.id })
    expect(await next(events)).toMatchObject({ __typename: 'MemberRemoved', userId: cy.id })
    await change('updateConversation', { conversationId, title: 'We two' })
    expect(await next(events)).toMatchObject({
      __typename: 'ConversationUpdated',
      conversation: {
        title: 'We two',
        members: { nodes: expect.arrayContaining([{ user: { username: ada.username }, role: 'OWNER' }]) },
      },
    })
    await change('deleteConversation', { conversationId })
    expect(await next(events)).toMatchObject({ __typename: 'ConversationDeleted', conversationId })
  })

  it('and asks for people who do not exist is told so by auth', async () => {
    const conversationId = await createConversation(ada, { kind: 'CHANNEL' as 'GROUP' })
    const unknown = `${bob.id.slice(0, -4)}0000`
    const { addMembers } = await ada.client.run<{ addMembers: object }>(
      `mutation ($input: AddMembersInput!) { addMembers(input: $input) { userErrors { code path } } }`,
      { input: { conversationId, userIds: [bob.id, unknown] } },
    )
    expect(addMembers).toEqual({ userErrors: [{ code: 'NOT_FOUND', path: ['input', 'userIds'] }] })
  })
})
