import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { SilentBus } from './support/buses.ts'
import { make } from './support/conversation-changes.ts'
import type { EventStream } from './support/event-stream.ts'
import { GraphClient } from './support/graph-client.ts'
import { createConversation, type Person, sendMessage, signUp } from './support/people.ts'
import { startTestGraph, type TestGraph } from './support/test-graph.ts'

interface InboxEvent {
  readonly __typename: 'InboxConversationChanged' | 'InboxConversationRemoved'
  readonly conversationId: string
  readonly conversation?: {
    readonly id: string
    readonly title: string | null
    readonly unreadCount: number
    readonly isMuted: boolean
    readonly lastMessage: { readonly body: string; readonly author: { readonly username: string } | null } | null
  }
}

const INBOX = `subscription {
  inbox {
    __typename
    conversationId
    ... on InboxConversationChanged {
      conversation { id title unreadCount isMuted lastMessage { body author { username } } }
    }
  }
}`

let graph: TestGraph
let ada: Person
let grace: Person
let conversationId: string
beforeAll(async () => {
  graph = await startTestGraph()
  ada = await signUp(graph, 'ada')
  grace = await signUp(graph, 'grace')
})
afterAll(() => graph[Symbol.asyncDispose]())
beforeEach(async () => {
  conversationId = await createConversation(grace, { kind: 'GROUP', title: 'A talk', memberIds: [ada.id] })
})

/** Follows Ada's inbox, once it has seen which conversations she is in. */
async function followAda(): Promise<EventStream<InboxEvent>> {
  const stream = ada.client.follow<InboxEvent>(INBOX)
  const { conversations } = await ada.client.run<{ conversations: { nodes: unknown[] } }>(
    '{ conversations(first: 100) { nodes { id } } }',
  )
  await graph.listeners.until('conversation/', conversations.nodes.length)
  return stream
}

async function leave(stream: EventStream<unknown>): Promise<void> {
  stream.unsubscribe()
  await graph.listeners.until('conversation/', 0)
  await graph.listeners.until('inbox/', 0)
}

const until = (matches: (event: InboxEvent) => boolean | undefined) => (event: InboxEvent) =>
  event.conversationId === conversationId && matches(event) === true

describe('the inbox', () => {
  it('tells what happens in the viewer’s conversations, with the conversation as it is', async () => {
    const inbox = await followAda()
    await sendMessage(grace, conversationId, 'Hello')
    expect(await inbox.next()).toEqual({
      __typename: 'InboxConversationChanged',
      conversationId,
      conversation: {
        id: conversationId,
        title: 'A talk',
        unreadCount: 1,
        isMuted: false,
        lastMessage: { body: 'Hello', author: { username: grace.username } },
      },
    })
    await make(grace, 'updateConversation', { conversationId, title: 'Another' })
    await inbox.take(until(({ conversation }) => conversation?.title === 'Another'))
    await make(ada, 'markRead', { conversationId, upTo: 1 })
    await inbox.take(until(({ conversation }) => conversation?.unreadCount === 0))
    await make(ada, 'muteConversation', { conversationId, muted: true })
    await inbox.take(until(({ conversation }) => conversation?.isMuted))
    await leave(inbox)
  })

  it('tells who is added, removed, or loses a conversation by its deletion', async () => {
    const inbox = await followAda()
    await make(grace, 'removeMember', { conversationId, userId: ada.id })
    expect(await inbox.next()).toEqual({ __typename: 'InboxConversationRemoved', conversationId })
    await make(grace, 'addMembers', { conversationId, userIds: [ada.id] })
    expect(await inbox.next()).toMatchObject({ __typename: 'InboxConversationChanged', conversationId })
    await make(grace, 'deleteConversation', { conversationId })
    await inbox.take(until(({ __typename }) => __typename === 'InboxConversationRemoved'))
    await leave(inbox)
  })

  it('leaves out what happens elsewhere, in channels that the viewer has not joined for example', async () => {
    const channel = await createConversation(grace, { kind: 'CHANNEL', title: 'Everybody' })
    const alone = await createConversation(grace, { kind: 'GROUP' })
    const inbox = await followAda()
    await sendMessage(grace, channel, 'To everybody')
    await sendMessage(grace, alone, 'To nobody')
    await sendMessage(grace, conversationId, 'To Ada')
    expect(await inbox.next()).toMatchObject({ conversationId })
    await leave(inbox)
  })

  it('comes to each of the viewer’s tabs', async () => {
    const otherTab = new GraphClient(graph.url, ada.tokens.accessToken)
    const inbox = await followAda()
    const told = otherTab.follow<InboxEvent>(INBOX).next()
    let isTold = false
    void told.then(() => {
      isTold = true
    })
    // Nothing shows from outside from when on the second tab follows what the first one follows already.
    while (!isTold) await sendMessage(grace, conversationId, 'To both')
    expect([await inbox.next(), await told]).toMatchObject([{ conversationId }, { conversationId }])
    await otherTab[Symbol.asyncDispose]()
    await leave(inbox)
  })

  it('is refused to who is not signed in', async () => {
    expect(await new GraphClient(graph.url).follow(INBOX).failureCodes()).toEqual(['UNAUTHENTICATED'])
  })
})

describe('the inbox, over a bus that loses every ring', () => {
  it('tells everything within a sweep', async () => {
    await using silent = await startTestGraph({ overrides: { bus: new SilentBus(), chat: { sweepEveryMs: 20 } } })
    const [alan, mary] = [await signUp(silent, 'alan'), await signUp(silent, 'mary')]
    const talk = await createConversation(mary, { kind: 'GROUP', memberIds: [alan.id] })
    const inbox = alan.client.follow<InboxEvent>(INBOX)
    const first = inbox.next()
    // Nothing says when an inbox has begun, so something happens until it tells of it.
    let hasBegun = false
    void first.finally(() => {
      hasBegun = true
    })
    await expect
      .poll(async () => {
        await sendMessage(mary, talk, 'Is anybody there?')
        return hasBegun
      })
      .toBe(true)
    expect(await first).toMatchObject({ __typename: 'InboxConversationChanged', conversationId: talk })

    const second = await createConversation(mary, { kind: 'GROUP', memberIds: [alan.id] })
    await inbox.take(({ conversationId }) => conversationId === second)
    await make(mary, 'removeMember', { conversationId: talk, userId: alan.id })
    const events = await inbox.take(({ __typename }) => __typename === 'InboxConversationRemoved')
    expect(events.at(-1)?.conversationId).toBe(talk)
    await alan.client[Symbol.asyncDispose]()
  })
})
