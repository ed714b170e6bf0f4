import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { inLogScope } from '../../../../platform/log-scope.ts'
import { createLogger } from '../../../../platform/logging.ts'
import { type ScriptedModel, startScriptedModel } from '../../../../tests/support/scripted-model.ts'
import type { Conversation } from '../../conversation/conversation.entity.ts'
import { takeAccount } from '../../departure/traces.ts'
import { type ChatFixture, openChatFixture } from '../../testing/chat-fixture.ts'
import { ReplyDesk } from '../control/testing/reply-desk.ts'
import { planTasks } from '../tasks/plan-tasks.ts'
import { claimTask } from '../tasks/task-queue.ts'
import { ToolBench, testTool } from '../tools/testing/tool-bench.ts'
import { endedReplyIn, replyIn } from './testing/asking.ts'
import { claimReply } from './testing/claims.ts'
import { startWork } from './testing/working.ts'

let chat: ChatFixture
let model: ScriptedModel
let desk: ReplyDesk
let talk: Conversation
beforeAll(async () => {
  chat = await openChatFixture()
  model = await startScriptedModel()
  desk = new ReplyDesk(chat)
})
afterAll(async () => {
  await model[Symbol.asyncDispose]()
  await chat[Symbol.asyncDispose]()
})
beforeEach(async () => {
  await chat.fork().execute(`UPDATE chat.generation SET status = 'FAILED' WHERE status IN ('QUEUED', 'RUNNING')`)
  await chat.fork().execute('DELETE FROM chat.assistant_task')
  talk = await chat.converse()
})

const during = <Result>(requestId: string, work: () => Promise<Result>) => inLogScope({ requestId }, work)
const origin = async () => (await claimReply(chat.fork()))?.origin

describe('the origin of a reply', () => {
  it('is the request that asked for it, and nothing when none did', async () => {
    await during('asked-1', () => chat.say(talk, 'Why?'))
    expect(await origin()).toEqual({ requestId: 'asked-1', traceparent: null })
    await chat.say(await chat.converse(), 'Why?')
    expect(await origin()).toEqual({ requestId: null, traceparent: null })
  })

  it('is the request that wanted it anew, or gone on with, and not the one before', async () => {
    const { question, reply } = await during('asked-2', () =>
      desk.answered(chat.viewerId, talk, { body: 'Because', finishReason: 'length' }),
    )
    const changes = [
      ['continueReply', reply.id, {}],
      ['regenerateReply', reply.id, {}],
      ['editMessage', question.id, { body: '@assistant, why not?', regenerate: true }],
    ] as const
    for (const [mutation, messageId, more] of changes) {
      expect(await during(mutation, () => desk.change(chat.viewerId, mutation, messageId, more))).toBe('ok')
      expect(await origin()).toMatchObject({ requestId: mutation })
      await desk.end(reply, { body: 'Because', finishReason: 'length' })
    }
  })

  it('is the request that answered the last tool call it waited for', async () => {
    const bench = new ToolBench(chat, [testTool('ask', (text) => text, { needsApproval: true })])
    const claim = await during('asked-3', () => bench.begin())
    expect(claim.origin.requestId).toBe('asked-3')
    expect(await bench.take(claim, [['ask', 'May I?']])).toBe('parked')
    const [call] = await chat
      .fork()
      .execute<{ id: string }[]>('SELECT id FROM chat.tool_call WHERE generation_id = ?', [claim.id])
    const { userId, ...viewer } = { userId: chat.viewerId, sessionId: chat.viewerId, tokenVersion: 0 }
    const asker = { ...viewer, userId, scope: new Set<string>(), expiresAt: new Date(Date.now() + 60_000) }
    await during('answered-3', () => chat.services.toolCalls.answer(chat.fork(), asker, call?.id ?? '', true))
    expect((await bench.claim()).origin.requestId).toBe('answered-3')
  })

  it('is that of the title that it plans, too', async () => {
    await during('asked-4', () => chat.say(talk, 'Why?'))
    const claim = await claimReply(chat.fork())
    if (!claim) throw new Error('There is no reply that could be taken.')
    expect(await planTasks(chat.fork(), claim, { needsSummary: false })).toBe(true)
    expect(await claimTask(chat.fork())).toMatchObject({ kind: 'TITLE', requestId: 'asked-4' })
    const columns = await chat.fork().execute(
      `SELECT column_name FROM information_schema.columns WHERE table_schema = 'chat' AND table_name = 'assistant_task'
         AND column_name IN ('request_id', 'trace_parent')`,
    )
    // It is in no trace: it is written when nobody waits for it any more.
    expect(columns).toEqual([{ column_name: 'request_id' }])
  })

  it('is forgotten with the account of whoever asked', async () => {
    await during('adas-own-id', () => chat.say(talk, 'Why?'))
    await takeAccount(chat.fork, chat.viewerId, new AbortController().signal)
    expect((await claimReply(chat.fork()))?.origin.requestId).toBeNull()
  })
})

/** What a worker logs, from `info` up, while it writes the reply that is asked for as part of this request. */
async function logOf(requestId: string, interfere: () => Promise<unknown> = async () => undefined) {
  const lines: Record<string, unknown>[] = []
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) }
  const logger = createLogger({ name: 'worker', level: 'info', format: 'json', destination })
  await during(requestId, () => chat.say(talk, 'Tell me.'))
  await interfere()
  const endpoint = { baseUrl: model.baseUrl, apiKey: undefined }
  await using _worker = startWork(chat, model, {
    logger,
    config: {
      endpoints: [
        { ...endpoint, name: 'first' },
        { ...endpoint, name: 'second' },
      ],
    },
  })
  const reply = await endedReplyIn(chat, talk)
  await expect.poll(() => lines.map(({ msg }) => msg)).toContain('a reply has ended')
  return { lines, reply }
}

describe('every line that a worker logs about a reply', () => {
  it('names the request and the reply, when the provider fails as when it is written elsewhere', async () => {
    let calls = 0
    model.answerWith((answer) => {
      calls += 1
      if (calls === 1) answer.refuse(401, 'The key is wrong.')
      else answer.say('Once').finish({ prompt_tokens: 12, completion_tokens: 3 })
    })
    const { lines, reply } = await logOf('logged-1')
    expect(lines.map(({ msg }) => msg)).toEqual(['a model did not answer; asking another', 'a reply has ended'])
    for (const line of lines) expect(line).toMatchObject({ requestId: 'logged-1', generation: reply.id })
    expect(lines.at(-1)).toMatchObject({
      ...{ level: 30, name: 'worker', conversation: talk.id, message: reply.messageId, model: 'a-model', attempt: 1 },
      ...{ status: 'COMPLETED', endpoint: 'second', inputTokens: 12, outputTokens: 3, tookMs: expect.any(Number) },
    })
    expect(JSON.stringify(lines)).not.toMatch(/Tell me|Once/)
  })

  it('names them when the reply fails, with the code of the failure', async () => {
    model.answerWith((answer) => answer.refuse(400, 'It is wrong.'))
    const { lines, reply } = await logOf('logged-2')
    expect(lines.length).toBeGreaterThan(1)
    for (const line of lines) expect(line).toMatchObject({ requestId: 'logged-2', generation: reply.id })
    expect(lines.at(-1)).toMatchObject({ status: 'FAILED', code: reply.errorCode })
  })

  it('names them when another worker was lost over it, and says so', async () => {
    model.answerWith((answer) => answer.say('Once').finish())
    const { lines, reply } = await logOf('logged-3', () => claimReply(chat.fork(), 1))
    expect(lines[0]).toMatchObject({ level: 40, msg: 'took over a reply whose worker was lost', attempt: 2 })
    for (const line of lines) expect(line).toMatchObject({ requestId: 'logged-3', generation: reply.id })
  })

  it('names them when the last worker that it could have had was lost', async () => {
    const { lines, reply } = await logOf('logged-4', async () => {
      for (let lost = 0; lost < 3; lost += 1) {
        await expect.poll(() => claimReply(chat.fork(), 1)).not.toBeNull()
      }
    })
    expect(lines.at(-1)).toMatchObject({ requestId: 'logged-4', generation: reply.id, code: 'WORKER_LOST' })
    expect(await replyIn(chat, talk)).toMatchObject({ status: 'FAILED' })
  })
})
