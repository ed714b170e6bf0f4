import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { EventBus } from '../../../platform/event-bus/event-bus.ts'
import { encodeId, newUuid } from '../../../platform/ids.ts'
import { createLogger } from '../../../platform/logging.ts'
import { SilentBus } from '../../../tests/support/buses.ts'
import type { Conversation } from '../conversation/conversation.entity.ts'
import { ConversationWatch } from '../event-log/conversation-watch.ts'
import { BESIDE, doorbellOf } from '../event-log/doorbell.ts'
import { readHeads } from '../event-log/event-log.ts'
import { readInboxVersions } from '../event-log/inbox-head.ts'
import type { PullStream } from '../event-log/pull-stream.ts'
import { type ChatFixture, openChatFixture, viewerNamed } from '../testing/chat-fixture.ts'
import { followInbox, type InboxItem } from './inbox-stream.ts'
import { InboxWatch } from './inbox-watch.ts'

const logger = createLogger({ name: 'test', level: 'silent', format: 'json' })
const usr = (userId: string) => encodeId('usr', userId)

let chat: ChatFixture
beforeAll(async () => {
  chat = await openChatFixture()
})
afterAll(() => chat[Symbol.asyncDispose]())

let [ada, grace] = ['', '']
let watch: ConversationWatch
let inboxes: InboxWatch
let streams: PullStream<InboxItem>[] = []
beforeEach(() => {
  ;[ada, grace] = [newUuid(), newUuid()]
})
afterEach(async () => {
  for (const stream of streams) await stream.return()
  expect([watch.size, inboxes.size]).toEqual([0, 0])
  await watch[Symbol.asyncDispose]()
  await inboxes[Symbol.asyncDispose]()
})

/** Puts the watches on this bus; by default rings alone wake, so that a test cannot pass by the sweep. */
function listenTo(bus: EventBus, sweepEveryMs = 3_600_000): void {
  const readVersions = (ids: string[]) => readInboxVersions(chat.fork(), ids)
  streams = []
  watch = new ConversationWatch({ bus, logger, sweepEveryMs, readHeads: (ids) => readHeads(chat.fork(), ids) })
  inboxes = new InboxWatch({ bus, logger, sweepEveryMs, readVersions })
}

/** An inbox that follows `size` conversations already. */
async function follow(userId: string, size: number, restMs = 1, fork = chat.fork): Promise<Reader> {
  const stream = followInbox({ fork, watch, inboxes, userId, restMs })
  streams.push(stream)
  const reader = new Reader(stream)
  reader.ask()
  await expect.poll(() => watch.size).toBe(size)
  return reader
}

/** Asks a stream for one event at a time, as a socket does. */
class Reader {
  readonly #stream: PullStream<InboxItem>
  #asked: Promise<IteratorResult<InboxItem, undefined>> | undefined

  constructor(stream: PullStream<InboxItem>) {
    this.#stream = stream
  }

  ask(): void {
    this.#asked ??= this.#stream.next()
  }

  async next(): Promise<InboxItem | undefined> {
    this.ask()
    const result = await this.#asked
    this.#asked = undefined
    return result?.value
  }
}

const changed = ({ id: conversationId }: Pick<Conversation, 'id'>) => ({
  __typename: 'InboxConversationChanged',
  conversationId,
})
const removed = ({ id: conversationId }: Pick<Conversation, 'id'>) => ({
  __typename: 'InboxConversationRemoved',
  conversationId,
})

const create = (userId: string, kind: Conversation['kind'] = 'GROUP', ...others: string[]) =>
  chat.services.conversations.create(chat.fork(), userId, { kind, title: 'A talk', memberIds: others.map(usr) })

const say = (userId: string, conversation: Conversation, body = 'Hello') =>
  chat.services.messages.send(chat.fork(), userId, conversation, { body, clientId: newUuid() })

/** What Grace, who owns the group, or Ada herself may do, and what Ada's inbox tells of it. */
const deeds: Record<string, [deed: (group: Conversation) => Promise<unknown>, tells: typeof changed | typeof removed]> =
  {
    'a new message': [(group) => say(grace, group), changed],
    'a message of one’s own': [(group) => say(ada, group), changed],
    'a new title': [
      ({ id }) => chat.services.conversations.update(chat.fork(), viewerNamed(grace), id, { title: 'Another' }),
      changed,
    ],
    'a new member': [({ id }) => chat.services.members.add(chat.fork(), viewerNamed(grace), id, [newUuid()]), changed],
    'another role': [
      ({ id }) => chat.services.members.setRole(chat.fork(), viewerNamed(grace), id, { userId: ada, role: 'ADMIN' }),
      changed,
    ],
    'a marker moved in another tab': [
      ({ id }) => chat.services.readState.markRead(chat.fork(), viewerNamed(ada), id, 1),
      changed,
    ],
    'being muted': [
      ({ id }) =>
        chat.run(ada, 'mutation M($input: MuteConversationInput!) { muteConversation(input: $input) { __typename } }', {
          input: { conversationId: encodeId('cnv', id), muted: true },
        }),
      changed,
    ],
    'being removed': [({ id }) => chat.services.members.remove(chat.fork(), viewerNamed(grace), id, ada), removed],
    leaving: [({ id }) => chat.services.members.leave(chat.fork(), viewerNamed(ada), id), removed],
    'its deletion': [({ id }) => chat.services.conversations.delete(chat.fork(), viewerNamed(grace), id), removed],
  }

describe.each([
  ['by a ring', () => listenTo(chat.bus)],
  ['by the sweep, over a bus that loses every ring', () => listenTo(new SilentBus(), 20)],
] as const)('an inbox learns, %s,', (_, listen) => {
  beforeEach(listen)

  it.each(Object.entries(deeds))('of %s', async (_name, [deed, tells]) => {
    const group = await create(grace, 'GROUP', ada)
    await say(grace, group, 'Unread')
    const inbox = await follow(ada, 1)
    await deed(group)
    expect(await inbox.next()).toEqual(tells(group))
  })

  it('of being added, and then of what happens there', async () => {
    const [own, group] = [await create(ada), await create(grace)]
    const inbox = await follow(ada, 1)
    await chat.services.members.add(chat.fork(), viewerNamed(grace), group.id, [ada])
    expect(await inbox.next()).toEqual(changed(group))
    inbox.ask()
    await expect.poll(() => watch.size).toBe(2)
    await say(grace, group)
    expect(await inbox.next()).toEqual(changed(group))
    await say(ada, own)
    expect(await inbox.next()).toEqual(changed(own))
  })

  it('of conversations that it takes part in from the beginning, and of a CHANNEL once it is joined', async () => {
    const first = await create(ada)
    const inbox = await follow(ada, 1)
    const made = await create(grace, 'GROUP', ada)
    expect(await inbox.next()).toEqual(changed(made))
    const channel = await create(grace, 'CHANNEL')
    await say(grace, channel)
    await say(ada, first)
    expect(await inbox.next()).toEqual(changed(first))

    await chat.services.members.join(chat.fork(), viewerNamed(ada), channel.id)
    expect(await inbox.next()).toEqual(changed(channel))
  })
})

describe('an inbox that begins', () => {
  beforeEach(() => listenTo(new SilentBus()))

  it('misses nothing that happens after it has read the list and before it listens', async () => {
    const conversation = await create(ada)
    let reads = 0
    let hasHappened = false
    const fork = () => {
      reads += 1
      if (reads > 1 && !hasHappened) throw new Error('not yet')
      return chat.fork()
    }
    const inbox = await follow(ada, 1, 1, fork)
    await say(ada, conversation)
    hasHappened = true
    expect(await inbox.next()).toEqual(changed(conversation))
  })
})

describe('an inbox', () => {
  beforeEach(() => listenTo(chat.bus))

  it('begins with nothing to tell, and tells of many changes once while its reader is busy', async () => {
    const [busy, quiet] = [await create(grace, 'GROUP', ada), await create(grace, 'GROUP', ada)]
    const inbox = await follow(ada, 2)
    await say(grace, busy, 'The first')
    expect(await inbox.next()).toEqual(changed(busy))
    for (let count = 0; count < 20; count += 1) await say(grace, busy, `Message ${count}`)
    await chat.services.conversations.update(chat.fork(), viewerNamed(grace), busy.id, { title: 'Another' })

    expect(await inbox.next()).toEqual(changed(busy))
    await say(grace, quiet)
    expect(await inbox.next()).toEqual(changed(quiet))
  })

  it('says only that a conversation is gone, whatever happened there before', async () => {
    const [going, staying] = [await create(grace, 'GROUP', ada), await create(ada)]
    const inbox = await follow(ada, 2)
    await say(ada, staying)
    expect(await inbox.next()).toEqual(changed(staying))
    await say(grace, going)
    await chat.services.conversations.delete(chat.fork(), viewerNamed(grace), going.id)

    expect(await inbox.next()).toEqual(removed(going))
    await expect.poll(() => watch.size).toBe(1)
  })

  it('is not told of rings that bring nothing, such as those of a reply that grows', async () => {
    const [ringing, other] = [await create(ada), await create(ada)]
    const inbox = await follow(ada, 2)
    for (let count = 0; count < 50; count += 1) chat.bus.publish(doorbellOf(ringing.id), BESIDE)
    await new Promise(setImmediate)
    await say(ada, other)
    expect(await inbox.next()).toEqual(changed(other))
  })

  it('looks a few times at most, however often it is rung', async () => {
    const conversation = await create(ada)
    const inbox = await follow(ada, 1, 200)
    await say(ada, conversation)
    await inbox.next()
    inbox.ask()
    const statements = await chat.statementsOf(async () => {
      for (let count = 0; count < 100; count += 1) {
        chat.bus.publish(doorbellOf(conversation.id), 'look')
        await new Promise(setImmediate)
      }
    })
    expect(statements.length).toBeLessThanOrEqual(4)
    await say(ada, conversation)
    expect(await inbox.next()).toEqual(changed(conversation))
  })

  it('reads a list of a thousand conversations in a few statements', async () => {
    await chat.fork().execute(
      `WITH made AS (
         INSERT INTO chat.conversation (id, kind, epoch, member_count)
         SELECT gen_random_uuid(), 'GROUP', gen_random_uuid(), 1 FROM generate_series(1, 1000) RETURNING id
       )
       INSERT INTO chat.member (conversation_id, user_id, role) SELECT id, ?, 'OWNER' FROM made`,
      [ada],
    )
    let inbox: Reader | undefined
    const statements = await chat.statementsOf(async () => {
      inbox = await follow(ada, 1_000)
    })
    expect(statements.length).toBeLessThanOrEqual(4)
    const made = await create(ada)
    expect(await inbox?.next()).toEqual(changed(made))
  })

  it('loses nothing when the database fails for a moment', async () => {
    const [first, second] = [await create(ada), await create(ada)]
    let failures = 0
    const fork = () => {
      if (failures === 0) return chat.fork()
      failures -= 1
      throw new Error('no database')
    }
    const inbox = await follow(ada, 2, 1, fork)
    await say(ada, first)
    expect(await inbox.next()).toEqual(changed(first))
    failures = 2
    await say(ada, second)
    expect(await inbox.next()).toEqual(changed(second))
    failures = 1
    const made = await create(ada)
    expect(await inbox.next()).toEqual(changed(made))
  })

  it('follows nothing any more when it is closed in the middle of a read', async () => {
    await create(ada)
    const stream = followInbox({ fork: chat.fork, watch, inboxes, userId: ada })
    const waiting = stream.next()
    await stream.return()
    expect(await waiting).toEqual({ done: true, value: undefined })
    expect([watch.size, inboxes.size]).toEqual([0, 0])
  })

  it('tells each of several tabs', async () => {
    const conversation = await create(ada)
    const watched = vi.spyOn(watch, 'watch')
    const [one, other] = [await follow(ada, 1), await follow(ada, 1)]
    await expect.poll(() => watched.mock.calls).toHaveLength(2)
    await say(ada, conversation)
    expect([await one.next(), await other.next()]).toEqual([changed(conversation), changed(conversation)])
  })
})
