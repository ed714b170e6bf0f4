import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { newUuid } from '../../../platform/ids.ts'
import { createLogger } from '../../../platform/logging.ts'
import type { Conversation } from '../conversation/conversation.entity.ts'
import { ConversationWatch } from '../event-log/conversation-watch.ts'
import { readHeads } from '../event-log/event-log.ts'
import { readInboxVersions } from '../event-log/inbox-head.ts'
import type { PullStream } from '../event-log/pull-stream.ts'
import { type ChatFixture, openChatFixture, viewerNamed } from '../testing/chat-fixture.ts'
import { followInbox, type InboxItem } from './inbox-stream.ts'
import { InboxWatch } from './inbox-watch.ts'

let chat: ChatFixture
beforeAll(async () => {
  chat = await openChatFixture()
})
afterAll(() => chat[Symbol.asyncDispose]())

let ada: string
let watch: ConversationWatch
let inboxes: InboxWatch
let stream: PullStream<InboxItem>
beforeEach(() => {
  ada = newUuid()
  // Rings alone wake.
  const common = {
    bus: chat.bus,
    logger: createLogger({ name: 'test', level: 'silent', format: 'json' }),
    sweepEveryMs: 3_600_000,
  }
  watch = new ConversationWatch({ ...common, readHeads: (ids) => readHeads(chat.fork(), ids) })
  inboxes = new InboxWatch({ ...common, readVersions: (ids) => readInboxVersions(chat.fork(), ids) })
})
afterEach(async () => {
  await stream.return()
  await watch[Symbol.asyncDispose]()
  await inboxes[Symbol.asyncDispose]()
})

function resume(fork = chat.fork): void {
  stream = followInbox({ fork, watch, inboxes, userId: ada, restMs: 1, resumed: true })
}

/** The next so many items. */
async function take(count: number): Promise<InboxItem[]> {
  const told: InboxItem[] = []
  while (told.length < count) told.push((await stream.next()).value as InboxItem)
  return told
}

const changed = ({ id: conversationId }: Pick<Conversation, 'id'>) => ({
  __typename: 'InboxConversationChanged',
  conversationId,
})

const create = () => chat.services.conversations.create(chat.fork(), ada, { kind: 'GROUP', title: 'A talk' })

const say = (conversation: Conversation) =>
  chat.services.messages.send(chat.fork(), ada, conversation, { body: 'Hello', clientId: newUuid() })

describe('an inbox that is resumed', () => {
  it('begins with how each conversation of the list is, newest activity first, and goes on from there', async () => {
    const [older, newer, gone] = [await create(), await create(), await create()]
    await chat.services.conversations.delete(chat.fork(), viewerNamed(ada), gone.id)
    await say(newer)
    resume()
    expect(await take(2)).toEqual([changed(newer), changed(older)])
    const next = take(1)
    await expect.poll(() => watch.size).toBe(2)
    await say(older)
    expect(await next).toEqual([changed(older)])
  })

  it('begins so although the database fails for a moment', async () => {
    const conversation = await create()
    let failures = 1
    resume(() => {
      if (failures === 0) return chat.fork()
      failures -= 1
      throw new Error('no database')
    })
    expect(await take(1)).toEqual([changed(conversation)])
  })

  it('tells of two hundred conversations at most, the newest', async () => {
    await chat.fork().execute(
      `WITH made AS (
         INSERT INTO chat.conversation (id, kind, epoch, member_count, last_activity_at)
         SELECT gen_random_uuid(), 'GROUP', gen_random_uuid(), 1, now() - number * interval '1 second'
         FROM generate_series(1, 250) number RETURNING id
       )
       INSERT INTO chat.member (conversation_id, user_id, role) SELECT id, ?, 'OWNER' FROM made`,
      [ada],
    )
    const newest = await chat.fork().execute<{ id: string }[]>(
      `SELECT conversation.id FROM chat.conversation JOIN chat.member ON conversation.id = conversation_id
       WHERE user_id = ? ORDER BY last_activity_at DESC LIMIT 200`,
      [ada],
    )
    resume()
    expect(await take(200)).toEqual(newest.map(changed))
    const made = await create()
    expect(await take(1)).toEqual([changed(made)])
  })
})
