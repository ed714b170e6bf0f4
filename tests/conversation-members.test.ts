import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { make } from './support/conversation-changes.ts'
import type { EventStream } from './support/event-stream.ts'
import { mutationDocument } from './support/mutations.ts'
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

    await make(ada, 'addMembers', { conversationId, userIds: [cy.id] })
    expect(await next(events)).toMatchObject({ __typename: 'MemberAdded', user, role: 'MEMBER' })
    await make(ada, 'setMemberRole', { conversationId, userId: cy.id, role: 'ADMIN' })
    expect(await next(events)).toMatchObject({ __typename: 'MemberRoleChanged', user, role: 'ADMIN' })
    await make(ada, 'removeMember', { conversationId, userId: cy.id })
    expect(await next(events)).toMatchObject({ __typename: 'MemberRemoved', userId: cy.id })
    await make(ada, 'updateConversation', { conversationId, title: 'We two' })
    expect(await next(events)).toMatchObject({
      __typename: 'ConversationUpdated',
      conversation: {
        title: 'We two',
        members: { nodes: expect.arrayContaining([{ user: { username: ada.username }, role: 'OWNER' }]) },
      },
    })
    await make(ada, 'deleteConversation', { conversationId })
    expect(await next(events)).toMatchObject({ __typename: 'ConversationDeleted', conversationId })
  })

  it('and asks for people who do not exist is told so by auth', async () => {
    const conversationId = await createConversation(ada, { kind: 'CHANNEL' })
    const unknown = `${bob.id.slice(0, -4)}0000`
    const { answer } = await ada.client.run<{ answer: object }>(
      mutationDocument('addMembers', 'userErrors { code path }'),
      { input: { conversationId, userIds: [bob.id, unknown] } },
    )
    expect(answer).toEqual({ userErrors: [{ code: 'NOT_FOUND', path: ['input', 'userIds'] }] })
  })
})
