import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createLogger } from '../../../../platform/logging.ts'
import type { Conversation } from '../../conversation/conversation.entity.ts'
import { type ChatFixture, openChatFixture, viewerNamed } from '../../testing/chat-fixture.ts'
import { ReplyDesk } from '../control/testing/reply-desk.ts'
import { ToolBench, testTool } from '../tools/testing/tool-bench.ts'
import type { BegunClaim } from './claim.ts'
import { handOver } from './generation-lease.ts'
import { ReplyBacklog } from './reply-backlog.ts'
import { claimReply } from './testing/claims.ts'

const logger = createLogger({ name: 'test', level: 'silent', format: 'json' })

let chat: ChatFixture
let talk: Conversation
beforeAll(async () => {
  chat = await openChatFixture()
})
afterAll(() => chat[Symbol.asyncDispose]())
beforeEach(async () => {
  await chat.fork().execute(`UPDATE chat.generation SET status = 'FAILED' WHERE status IN ('QUEUED', 'RUNNING')`)
  talk = await chat.converse()
})

/** Everything that is there was asked for, and began to wait, an hour ago. */
const age = () =>
  chat.fork().execute(`UPDATE chat.generation
    SET created_at = created_at - interval '1 hour', waiting_since = waiting_since - interval '1 hour'`)

async function look() {
  await using backlog = new ReplyBacklog({ fork: chat.fork, logger, everyMs: 20 })
  await expect.poll(() => backlog.seen.waiting).not.toBeNaN()
  return backlog.seen
}

async function claim(leaseMs?: number): Promise<BegunClaim> {
  const taken = await claimReply(chat.fork(), leaseMs)
  if (!taken) throw new Error('There is no reply that could be taken.')
  return taken
}

/** A reply that has waited an hour for the approval of a tool call, which is given now. */
async function approved(): Promise<ToolBench> {
  const bench = new ToolBench(chat, [testTool('ask', (text) => text, { needsApproval: true })])
  const parked = await bench.begin()
  expect(await bench.take(parked, [['ask', 'May I?']])).toBe('parked')
  await age()
  const [call] = await chat
    .fork()
    .execute<{ id: string }[]>('SELECT id FROM chat.tool_call WHERE generation_id = ?', [parked.id])
  await chat.services.toolCalls.answer(chat.fork(), viewerNamed(chat.viewerId), call?.id ?? '', true)
  return bench
}

describe('the oldest reply that waits', () => {
  const isOfNow = { waiting: 1, oldestSeconds: expect.toSatisfy((seconds: number) => seconds < 600) }

  it('has waited since it was asked for', async () => {
    await chat.say(talk, 'Why?')
    await age()
    await chat.say(await chat.converse(), 'Why?')
    const { waiting, oldestSeconds } = await look()
    expect(waiting).toBe(2)
    expect(oldestSeconds).toBeGreaterThanOrEqual(3_600)
    expect(oldestSeconds).toBeLessThan(4_000)
  })

  it('has waited since somebody had it gone on with', async () => {
    const desk = new ReplyDesk(chat)
    const { reply } = await desk.answered(chat.viewerId, talk, { body: 'Because', finishReason: 'length' })
    await age()
    expect(await desk.change(chat.viewerId, 'continueReply', reply.id)).toBe('ok')
    expect(await look()).toEqual(isOfNow)
  })

  it('has waited since its last tool call was allowed', async () => {
    await approved()
    expect(await look()).toEqual(isOfNow)
  })

  it('has waited since its worker handed it over', async () => {
    await chat.say(talk, 'Why?')
    const taken = await claim()
    await age()
    await handOver(chat.fork(), taken)
    expect(await look()).toEqual(isOfNow)
  })

  it('has waited since the lease of its worker ran out', async () => {
    await chat.say(talk, 'Why?')
    await claim(-1)
    await age()
    expect(await look()).toEqual(isOfNow)
  })
})

describe('what is not known', () => {
  it('is no number: before the first look, and while the database is away', async () => {
    let isAway = true
    const fork = () => {
      if (isAway) throw new Error('The database is away.')
      return chat.fork()
    }
    await using backlog = new ReplyBacklog({ fork, logger, everyMs: 20 })
    expect(backlog.seen).toEqual({ waiting: Number.NaN, oldestSeconds: Number.NaN })
    isAway = false
    await expect.poll(() => backlog.seen).toEqual({ waiting: 0, oldestSeconds: 0 })
    isAway = true
    await expect.poll(() => backlog.seen).toEqual({ waiting: Number.NaN, oldestSeconds: Number.NaN })
  })
})

describe('the time to the first token', () => {
  it('is not taken of a reply that waited for an approval', async () => {
    const bench = await approved()
    expect((await bench.claim()).unheardMs).toBeNull()
  })
})
