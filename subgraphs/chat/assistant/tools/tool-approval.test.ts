import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { encodeId, newUuid } from '../../../../platform/ids.ts'
import { type ChatFixture, openChatFixture } from '../../testing/chat-fixture.ts'
import type { BegunClaim } from '../generation/claim.ts'
import { finishReply } from '../generation/testing/claims.ts'
import { REPLY_QUEUED } from '../generation/topics.ts'
import { journaledTurns } from './journaled-turns.ts'
import { ToolBench, testTool } from './testing/tool-bench.ts'

const ANSWER = `mutation ($id: ID!, $approved: Boolean!) {
  answerToolCall(input: { toolCallId: $id, approved: $approved }) {
    message { toolCalls { status } } userErrors { code path } } }`

describe('a tool that needs an approval', () => {
  let chat: ChatFixture
  let bench: ToolBench
  const ran: string[] = []
  /** What a tool does that needs no approval. */
  let meanwhile: () => Promise<void>
  beforeAll(async () => {
    chat = await openChatFixture()
    const run = (text: string) => {
      ran.push(text)
      return `Paid ${text}.`
    }
    bench = new ToolBench(chat, [
      testTool('pay', run, { needsApproval: true, isIdempotent: false }),
      testTool('look', async () => {
        await meanwhile()
        return 'Seen.'
      }),
    ])
  })
  afterAll(() => chat[Symbol.asyncDispose]())
  beforeEach(() => {
    ran.splice(0)
    meanwhile = async () => undefined
  })

  /** What somebody's answer to the how manieth call comes to: its statuses, or the code of an error. */
  async function answer(claim: BegunClaim, approved: boolean, { by = chat.viewerId, call = 0 } = {}) {
    const id = (await bench.seen(claim))[call]?.id ?? ''
    const { data, errors } = await chat.run(by, ANSWER, { id, approved })
    if (errors) return errors.map(({ extensions, originalError }) => extensions.code ?? codeOf(originalError))
    const { message, userErrors } = (data as { answerToolCall: Answered }).answerToolCall
    return userErrors.length > 0 ? userErrors.map(({ code, path }) => `${code} ${path.join('.')}`) : statuses(message)
  }
  const statuses = (message: Answered['message']) => message?.toolCalls.map(({ status }) => status)

  it('has the reply wait, with no worker, and is run once when it is approved', async () => {
    const claim = await bench.begin('I shall pay. ')
    expect(
      await bench.take(claim, [
        ['pay', 'Ada'],
        ['look', ''],
      ]),
    ).toBe('parked')
    expect(await bench.seen(claim)).toMatchObject([{ status: 'AWAITING_APPROVAL', result: null }, { status: 'DONE' }])
    expect(await bench.isNothingToDo()).toBe(true)

    const rung = Promise.withResolvers<unknown>()
    chat.bus.subscribe(REPLY_QUEUED, rung.resolve)
    expect(await answer(claim, true)).toEqual(['RUNNING', 'DONE'])
    await rung.promise
    expect(ran).toEqual([])
    const next = await bench.claim()
    expect(next).toMatchObject({ attempt: 2, keptLength: 13 })
    expect(await bench.steps.canResume(chat.fork(), next)).toBe(true)
    expect(await bench.resume(next)).toBe('go on')
    expect(ran).toEqual(['Ada'])
    expect(await bench.seen(claim)).toMatchObject([{ status: 'DONE', result: 'Paid Ada.' }, {}])
    expect(await answer(claim, true)).toEqual(['DONE', 'DONE'])
    expect(await answer(claim, false)).toEqual(['BAD_USER_INPUT input.toolCallId'])
  })

  it('is never run when it is refused, and the model is told so', async () => {
    const claim = await bench.begin()
    await bench.take(claim, [['pay', 'Bob']])
    expect(await answer(claim, false)).toEqual(['REFUSED'])
    expect(await answer(claim, false)).toEqual(['REFUSED'])
    expect(await answer(claim, true)).toEqual(['BAD_USER_INPUT input.toolCallId'])

    expect(await bench.resume(await bench.claim())).toBe('go on')
    expect(ran).toEqual([])
    const { turns } = await journaledTurns(chat.fork(), claim, '')
    expect(turns[1]).toMatchObject({ role: 'tool', content: expect.stringContaining('does not allow this') })
  })

  it('has the reply go on only when the last of several is answered', async () => {
    const claim = await bench.begin()
    await bench.take(claim, [
      ['pay', 'one'],
      ['pay', 'two'],
    ])
    expect(await answer(claim, true, { call: 1 })).toEqual(['AWAITING_APPROVAL', 'RUNNING'])
    expect(await bench.isNothingToDo()).toBe(true)
    expect(await answer(claim, false, { call: 0 })).toEqual(['REFUSED', 'RUNNING'])

    expect(await bench.resume(await bench.claim())).toBe('go on')
    expect(ran).toEqual(['two'])
  })

  it('is run by the same worker when it was answered while another tool was at work', async () => {
    const claim = await bench.begin()
    meanwhile = async () => void (await answer(claim, true))
    expect(
      await bench.take(claim, [
        ['pay', 'at once'],
        ['look', ''],
      ]),
    ).toBe('go on')
    expect(ran).toEqual(['at once'])
  })

  it('is answered once, however many say so at a time', async () => {
    const claim = await bench.begin()
    await bench.take(claim, [['pay', 'one']])
    const answers = await Promise.all(Array.from({ length: 10 }, (_, index) => answer(claim, index % 2 === 0)))
    const [yes, no] = [answers.filter((_, index) => index % 2 === 0), answers.filter((_, index) => index % 2 === 1)]
    const tooLate = Array(5).fill(['BAD_USER_INPUT input.toolCallId'])
    expect([
      [Array(5).fill(['RUNNING']), tooLate],
      [tooLate, Array(5).fill(['REFUSED'])],
    ]).toContainEqual([yes, no])
  })

  it('is answered by nobody but whoever asked, and not when the reply has ended', async () => {
    const [other, stranger] = [newUuid(), newUuid()]
    const group = await chat.converse('GROUP', { memberIds: [encodeId('usr', other)] })
    const claim = await bench.begin('', group)
    await bench.take(claim, [['pay', 'Eve']])
    expect(await answer(claim, true, { by: other })).toEqual(['FORBIDDEN'])
    expect(await answer(claim, true, { by: stranger })).toEqual(['NOT_FOUND'])

    await finishReply(chat.fork(), claim, { status: 'CANCELLED' })
    expect(await bench.seen(claim)).toMatchObject([{ status: 'REFUSED', result: expect.stringContaining('not done') }])
    for (const approved of [true, false]) {
      expect(await answer(claim, approved)).toEqual(['BAD_USER_INPUT input.toolCallId'])
    }
    expect(
      (await chat.run(chat.viewerId, ANSWER, { id: encodeId('tcl', newUuid()), approved: true })).errors,
    ).toMatchObject([{ originalError: { code: 'NOT_FOUND' } }])
  })
})

function codeOf(error: unknown): unknown {
  return (error as { code?: string } | undefined)?.code
}

interface Answered {
  readonly message: { readonly toolCalls: { readonly status: string }[] } | null
  readonly userErrors: { readonly code: string; readonly path: string[] }[]
}
