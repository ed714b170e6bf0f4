import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { NotFoundError } from '../../../../platform/errors.ts'
import { type ChatFixture, openChatFixture } from '../../testing/chat-fixture.ts'
import { LeaseLostError } from '../generation/generation-lease.ts'
import { addText, finishReply } from '../generation/testing/claims.ts'
import { journaledTurns } from './journaled-turns.ts'
import { ToolBench, testTool } from './testing/tool-bench.ts'
import { ToolFailure } from './tool.ts'

describe('the tools that a model calls', () => {
  let chat: ChatFixture
  let bench: ToolBench
  /** What was run, in order. */
  const ran: string[] = []
  let act: (text: string) => string | Promise<string>
  beforeAll(async () => {
    chat = await openChatFixture()
    const run = (text: string) => {
      ran.push(text)
      return act(text)
    }
    bench = new ToolBench(
      chat,
      [testTool('echo', run), testTool('pay', run, { isIdempotent: false })],
      // A tool that never answers is waited for no longer than this.
      { longestRunMs: 1_000 },
    )
  })
  afterAll(() => chat[Symbol.asyncDispose]())
  beforeEach(() => {
    ran.splice(0)
    act = (text) => `You said ${text}.`
  })

  it('are run side by side, and the model is told what came of each, in order', async () => {
    const claim = await bench.begin('Let me see. ')
    const all = Promise.withResolvers<void>()
    act = async (text) => {
      if (ran.length === 2) all.resolve()
      await all.promise
      return `You said ${text}.`
    }
    expect(
      await bench.take(claim, [
        ['echo', 'one'],
        ['echo', 'two'],
      ]),
    ).toBe('go on')

    expect(await bench.seen(claim)).toEqual([
      {
        id: expect.stringMatching(/^tcl_/),
        name: 'echo',
        arguments: '{"text":"one"}',
        result: 'You said one.',
        status: 'DONE',
      },
      {
        id: expect.stringMatching(/^tcl_/),
        name: 'echo',
        arguments: '{"text":"two"}',
        result: 'You said two.',
        status: 'DONE',
      },
    ])
    await addText(chat.fork(), claim, { offset: 12, text: 'So: ' })
    expect(await journaledTurns(chat.fork(), claim, 'Let me see. So: ')).toEqual({
      turns: [
        {
          role: 'assistant',
          content: 'Let me see. ',
          calls: [
            { id: 'call_0', name: 'echo', arguments: '{"text":"one"}' },
            { id: 'call_1', name: 'echo', arguments: '{"text":"two"}' },
          ],
        },
        { role: 'tool', callId: 'call_0', content: 'You said one.' },
        { role: 'tool', callId: 'call_1', content: 'You said two.' },
        { role: 'assistant', content: 'So: ' },
      ],
      continues: true,
      calls: 1,
    })
  })

  it('are told of to whoever follows the conversation: when they are called, and when they have a result', async () => {
    const claim = await bench.begin()
    await bench.take(claim, [
      ['echo', 'one'],
      ['echo', 'two'],
    ])
    const kinds = await chat
      .fork()
      .execute<{ kind: string }[]>(
        'SELECT kind FROM chat.conversation_event WHERE conversation_id = ? AND message_id = ? ORDER BY seq',
        [claim.conversationId, claim.messageId],
      )
    expect(kinds.map(({ kind }) => kind)).toEqual([
      ...['MessageAdded', 'ReplyStarted', 'MessageEdited', 'MessageEdited', 'MessageEdited'],
    ])
  })

  it.each<[string, string, string, () => string | Promise<string>]>([
    ['that does not exist', 'nonsense', 'There is no tool of this name.', () => 'never'],
    ['that says why it cannot', 'echo', 'No such place.', () => Promise.reject(new ToolFailure('No such place.'))],
    ['that is refused something', 'echo', 'No such message.', () => Promise.reject(new NotFoundError('message'))],
    ['that fails', 'echo', 'It failed.', () => Promise.reject(new Error('secret words'))],
    ['that never ends', 'echo', 'It took too long', () => new Promise(() => undefined)],
  ])('fail one by one: a tool %s does not end the reply', async (_, name, words, run) => {
    const claim = await bench.begin()
    act = (text) => (text === 'bad' ? run() : text)
    expect(
      await bench.take(claim, [
        [name, 'bad'],
        ['echo', 'good'],
      ]),
    ).toBe('go on')

    expect(await bench.seen(claim)).toMatchObject([
      { status: 'FAILED', result: expect.stringContaining(words) },
      { status: 'DONE', result: 'good' },
    ])
    expect(bench.warnings.splice(0).map(String)).toEqual(words === 'It failed.' ? ['Error: secret words'] : [])
  })

  it('are not run for a model that was offered none, and it is told that there are none', async () => {
    const unoffered = new ToolBench(chat, [testTool('echo', (text) => `${ran.push(text)}`)], { isOffered: false })
    const claim = await unoffered.begin()
    expect(await unoffered.take(claim, [['echo', 'one']])).toBe('go on')

    expect(ran).toEqual([])
    expect(await unoffered.seen(claim)).toMatchObject([{ status: 'FAILED', result: 'There is no tool of this name.' }])
  })

  it.each([
    ['no JSON', '{"text": "brok', 'The arguments are no JSON object', '{}'],
    ['no object', '["text"]', 'The arguments are no JSON object', '{}'],
    ['nothing', '', 'expected string', '{}'],
    ['the wrong type', '{"text":1}', 'expected string', '{"text":1}'],
    ['something unknown', '{"text":"a","also":1}', 'also', '{"text":"a","also":1}'],
    ['far too much', `{"text":"${'a'.repeat(16_000)}"}`, 'longer than 16000 characters', '{}'],
  ])('are not run with %s for arguments, and the model is told so', async (_, text, words, toldAgain) => {
    const claim = await bench.begin()
    const call = { id: '', name: 'echo', arguments: text }
    expect(await bench.steps.take(claim, { calls: [call] }, { signal: new AbortController().signal })).toBe('go on')

    expect(ran).toEqual([])
    expect(await bench.seen(claim)).toMatchObject([
      { status: 'FAILED', result: expect.stringContaining(words), arguments: text.slice(0, 16_000) },
    ])
    const { turns } = await journaledTurns(chat.fork(), claim, '')
    expect(turns[0]).toMatchObject({ calls: [{ id: 'call_0', arguments: toldAgain }] })
  })

  it('are told apart though the model gives all of them one name, and hold what Postgres can hold', async () => {
    const claim = await bench.begin()
    act = () => `zero \0, half ${'\ud83d'}, and ${'long '.repeat(2_000)}`
    const same = { id: 'call_0', name: 'echo', arguments: '{"text":"\\u0000"}' }
    await bench.steps.take(
      claim,
      { calls: [same, same, { ...same, id: '\0' }] },
      { signal: new AbortController().signal },
    )

    const { turns } = await journaledTurns(chat.fork(), claim, '')
    const results = turns.flatMap((turn) => (turn.role === 'tool' ? [turn] : []))
    expect(results.map(({ callId }) => callId)).toEqual(['call_0', 'call_1', '\ufffd'])
    for (const { content } of results) {
      expect(content).toMatch(/^zero \ufffd, half \ufffd, and long .*\n\[The rest was cut off\.\]$/s)
      expect(content).toHaveLength(8_000)
    }
  })

  it('are sixteen of one answer at most', async () => {
    const claim = await bench.begin()
    await bench.take(
      claim,
      Array.from({ length: 40 }, (_, index) => ['echo', `${index}`] as const),
    )
    expect(await bench.seen(claim)).toHaveLength(16)
    expect(ran).toHaveLength(16)
  })

  it('are not run again by the worker that takes over when they have a result', async () => {
    const claim = await bench.begin()
    await bench.take(claim, [
      ['echo', 'one'],
      ['pay', 'two'],
    ])
    await bench.lose(claim)
    const successor = await bench.claim()

    expect(await bench.steps.canResume(chat.fork(), successor)).toBe(true)
    expect(await bench.resume(successor)).toBe('go on')
    expect(ran).toEqual(['one', 'two'])
  })

  it('are run again when their worker was lost meanwhile and they may be; its own result is refused then', async () => {
    const claim = await bench.begin()
    const [begun, late] = [Promise.withResolvers<void>(), Promise.withResolvers<string>()]
    act = (text) => {
      if (text === 'slow') begun.resolve()
      return text === 'slow' ? late.promise : text
    }
    const zombie = bench.take(claim, [
      ['echo', 'fast'],
      ['echo', 'slow'],
    ])
    await begun.promise
    await expect.poll(() => bench.seen(claim)).toMatchObject([{ status: 'DONE' }, { status: 'RUNNING' }])
    await bench.lose(claim)
    act = () => 'from the successor'
    const successor = await bench.claim()
    expect(await bench.steps.canResume(chat.fork(), successor)).toBe(true)
    expect(await bench.resume(successor)).toBe('go on')
    late.resolve('from the zombie')

    await expect(zombie).rejects.toThrow(LeaseLostError)
    expect(ran).toEqual(['fast', 'slow', 'slow'])
    expect(await bench.seen(claim)).toMatchObject([{ result: 'fast' }, { result: 'from the successor' }])
  })

  it('keep a reply from being gone on with when one was at work that may not be run twice', async () => {
    const claim = await bench.begin()
    const stop = new AbortController()
    act = () => {
      stop.abort(new Error('The worker stops.'))
      return new Promise(() => undefined)
    }
    await expect(bench.take(claim, [['pay', 'the bill']], stop.signal)).rejects.toThrow('The worker stops.')
    await bench.lose(claim)
    const successor = await bench.claim()

    expect(await bench.steps.canResume(chat.fork(), successor)).toBe(false)
    await expect(bench.resume(successor)).rejects.toThrow('may not be run twice')
    await finishReply(chat.fork(), successor, { status: 'INTERRUPTED' })
    expect(ran).toEqual(['the bill'])
    expect(await bench.seen(claim)).toMatchObject([
      { status: 'FAILED', result: expect.stringContaining('may have been done') },
    ])
  })

  it('journal nothing for a worker that was overtaken', async () => {
    const claim = await bench.begin()
    await bench.lose(claim)
    await bench.claim()

    await expect(bench.take(claim, [['echo', 'late']])).rejects.toThrow(LeaseLostError)
    expect([ran, await bench.seen(claim)]).toEqual([[], []])
  })
})
