import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { newUuid } from '../../../platform/ids.ts'
import { createMetrics, type Metrics } from '../../../platform/metrics.ts'
import { readOne } from '../../../platform/testing/scrape.ts'
import type { Conversation } from '../conversation/conversation.entity.ts'
import { type ChatFixture, type FollowedEvent, openChatFixture } from '../testing/chat-fixture.ts'
import { ConversationHub } from './conversation-hub.ts'
import { ringOf } from './doorbell.ts'
import { encodeEventCursor } from './event-cursor.ts'
import { appendEvents } from './event-log.ts'
import { EventLogMetrics } from './event-log-metrics.ts'
import { FakeLog } from './testing/fake-log.ts'

const NONE = {
  'reason="join"': 0,
  'reason="lost_ring"': 0,
  'reason="late_ring"': 0,
  'reason="empty_ring"': 0,
  'reason="older"': 0,
}

const backfillsIn = (metrics: Metrics) => readOne(metrics, 'parley_chat_backfills_total')
const lagsIn = async (metrics: Metrics, part = 'count') =>
  (await readOne(metrics, `parley_chat_delivery_lag_seconds_${part}`))[''] ?? 0

describe('a hub', () => {
  let log: FakeLog
  let metrics: Metrics
  let hub: ConversationHub
  beforeEach(async () => {
    ;[log, metrics] = [new FakeLog(), createMetrics()]
    log.append(5)
    const onFailure = () => undefined
    const told = { onFailure, metrics: new EventLogMetrics(metrics) }
    hub = new ConversationHub({ conversationId: log.conversationId, readLog: log.read, ...told })
    for (let count = 0; count < 3; count += 1) hub.add({ ring: () => undefined })
    await hub.join()
    expect(await backfillsIn(metrics)).toEqual({ ...NONE, 'reason="join"': 1 })
  })

  it('tells how long each event was on its way, once for all who follow, and reads nothing for it', async () => {
    hub.ring({ ...ringOf(log.append(2)), at: Date.now() - 3_000 })
    hub.ring({ ...ringOf(log.append(1)), at: Date.now() + 60_000 })
    expect(await lagsIn(metrics)).toBe(3)
    expect(await lagsIn(metrics, 'sum')).toBeGreaterThanOrEqual(6)
    expect(await lagsIn(metrics, 'sum')).toBeLessThan(7)
    expect(await backfillsIn(metrics)).toEqual({ ...NONE, 'reason="join"': 1 })
  })

  it('tells of no delivery while nobody follows', async () => {
    const alone = new ConversationHub({
      conversationId: log.conversationId,
      readLog: log.read,
      onFailure: () => undefined,
      metrics: new EventLogMetrics(metrics),
    })
    await alone.join()
    alone.ring(ringOf(log.append(1)))
    expect(await lagsIn(metrics)).toBe(0)
  })

  it('says why it reads: a ring is late, lost or empty, or an old event is asked for', async () => {
    const settled = () => new Promise(setImmediate)
    const [first, second] = [log.append(1), log.append(1)]
    hub.ring(ringOf(second))
    await settled()
    expect(await backfillsIn(metrics)).toEqual({ ...NONE, 'reason="join"': 1, 'reason="late_ring"': 1 })
    hub.ring(ringOf(first))

    log.append(1)
    hub.ring(undefined, log.head)
    await settled()
    log.append(1)
    hub.ring(null)
    await settled()
    const { head } = hub
    await hub.after({ ...head, seq: 2 })
    expect(await backfillsIn(metrics)).toEqual({
      'reason="join"': 1,
      'reason="late_ring"': 1,
      'reason="lost_ring"': 1,
      'reason="empty_ring"': 1,
      'reason="older"': 1,
    })
  })

  it('measures what came early from when it was committed', async () => {
    const reads = Promise.withResolvers<void>()
    const slow = new ConversationHub({
      conversationId: log.conversationId,
      readLog: async (...page) => {
        if (page[2] > 0) await reads.promise
        return log.read(...page)
      },
      onFailure: () => undefined,
      metrics: new EventLogMetrics(metrics),
    })
    slow.add({ ring: () => undefined })
    await slow.join()
    const [first, second] = [log.append(1), log.append(1)]
    slow.ring({ ...ringOf(second), at: Date.now() - 5_000 })
    slow.ring({ ...ringOf(first), at: Date.now() - 1_000 })
    expect(await lagsIn(metrics)).toBe(2)
    expect(await lagsIn(metrics, 'sum')).toBeGreaterThanOrEqual(6)
    reads.resolve()
  })
})

describe('streams of a conversation', () => {
  let chat: ChatFixture
  let talk: Conversation
  let open: AsyncIterator<FollowedEvent>[]
  beforeEach(async () => {
    chat = await openChatFixture()
    talk = await chat.converse('GROUP')
    open = []
  })
  afterEach(async () => {
    for (const stream of open) await stream.return?.()
    await chat[Symbol.asyncDispose]()
  })

  async function follow(after?: string): Promise<AsyncIterator<FollowedEvent>> {
    const stream = await chat.follow(chat.viewerId, talk.id, after)
    open.push(stream)
    return stream
  }
  const nextOf = async (stream: AsyncIterator<FollowedEvent>) => (await stream.next()).value?.__typename
  const backfills = () => backfillsIn(chat.metrics)

  it('are brought an event by the bus, however many there are', async () => {
    const streams = await Promise.all([follow(), follow(), follow()])
    for (const stream of streams) expect(await nextOf(stream)).toBe('CaughtUp')
    await chat.say(talk, 'Hello.')
    for (const stream of streams) expect(await nextOf(stream)).toBe('MessageAdded')
    expect(await lagsIn(chat.metrics)).toBe(1)
    expect(await lagsIn(chat.metrics, 'sum')).toBeLessThan(30)
    expect(await backfills()).toMatchObject({ 'reason="lost_ring"': 0, 'reason="late_ring"': 0 })
  })

  it('are brought what nobody rang for by a sweep, which tells how long it took', async () => {
    const stream = await follow()
    expect(await nextOf(stream)).toBe('CaughtUp')
    await appendEvents(chat.fork(), talk.id, [{ kind: 'ConversationUpdated' }])
    expect(await nextOf(stream)).toBe('ConversationUpdated')
    expect(await backfills()).toMatchObject({ 'reason="lost_ring"': 1 })
    expect(await lagsIn(chat.metrics)).toBe(1)
    expect(await lagsIn(chat.metrics, 'sum')).toBeGreaterThan(0)
  })

  it('are told to begin anew, and counted, when their cursor is of another log', async () => {
    expect(await nextOf(await follow(encodeEventCursor({ epoch: newUuid(), seq: 1 })))).toBe('Reset')
    expect(await readOne(chat.metrics, 'parley_chat_resets_total')).toEqual({ '': 1 })
  })

  it('carry messages, which are counted once however often they are sent, with the replies to come', async () => {
    const input = { body: 'Hello.', clientId: randomUUID() }
    for (let count = 0; count < 3; count += 1) {
      await chat.services.messages.send(chat.fork(), chat.viewerId, talk, input)
    }
    expect(await readOne(chat.metrics, 'parley_chat_messages_total')).toEqual({
      'role="USER"': 1,
      'role="ASSISTANT"': 0,
    })
    await chat.say(await chat.converse(), 'Hello?')
    expect(await readOne(chat.metrics, 'parley_chat_messages_total')).toEqual({
      'role="USER"': 2,
      'role="ASSISTANT"': 1,
    })
  })
})
