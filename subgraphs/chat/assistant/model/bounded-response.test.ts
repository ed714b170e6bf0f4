import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ScriptedModel, startScriptedModel } from '../../../../tests/support/scripted-model.ts'
import type { ModelDescription } from './model-description.ts'
import { ask, modelOf as modelAt } from './testing/asking.ts'

let server: ScriptedModel
beforeEach(async () => {
  server = await startScriptedModel()
})
afterEach(() => server[Symbol.asyncDispose]())

const modelOf = (facts: Partial<ModelDescription> = {}) =>
  modelAt({ endpoints: [{ name: 'only', baseUrl: server.baseUrl, apiKey: undefined }] }, facts)

describe('an answer without bounds is given up', () => {
  const delta = (call: unknown) => ({ choices: [{ delta: { tool_calls: [call] } }] })
  const item = (id: number, text = '{}') => ({
    type: 'response.output_item.done',
    item: { type: 'function_call', call_id: `c${id}`, name: 'search', arguments: text },
  })

  it.each<[string, 'chat' | 'responses', (index: number) => unknown]>([
    [
      'arguments of a call',
      'chat',
      () => delta({ index: 0, function: { name: 'search', arguments: 'x'.repeat(10_000) } }),
    ],
    ['calls', 'chat', (index) => delta({ index, id: `c${index}`, function: { name: 'search' } })],
    ['names of calls', 'chat', (index) => delta({ index, function: { name: 'x'.repeat(10_000) } })],
    ['calls over `responses`', 'responses', (index) => item(index)],
    ['arguments over `responses`', 'responses', (index) => item(index, 'x'.repeat(10_000))],
  ])('for its %s', async (_, api, event) => {
    server.answerWith((answer) => {
      for (let index = 0; index < 100; index += 1) answer.event(event(index))
    })
    await expect(ask(modelOf({ api }))).rejects.toMatchObject({ code: 'STREAM_INCOMPLETE' })
  })

  it.each([
    ['a line', 'x'],
    ['an event of many lines', 'data: x\n'],
  ])('for %s that does not end', async (_, part) => {
    server.answerWith(async (answer) => {
      answer.say('As far as')
      for (let round = 0; round < 40; round += 1) answer.bytes(Buffer.from(part.repeat(131_072 / part.length)))
      await answer.closed
    })
    await expect(ask(modelOf())).rejects.toMatchObject({ code: 'STREAM_INCOMPLETE' })
  })

  it('but not for many long events, however they are cut and whatever ends their lines', async () => {
    server.answerWith(async (answer) => {
      const text = 'x'.repeat(1_000_000)
      for (const end of ['\r\n\r\n', '\n\n', '\r\n\r\n', '\n\n', '\n\n']) {
        answer.bytes(
          Buffer.from(`data: ${JSON.stringify({ choices: [{ delta: { content: text } }] })}${end.slice(0, 1)}`),
        )
        await new Promise(setImmediate)
        answer.bytes(Buffer.from(end.slice(1)))
      }
      answer.finish()
    })
    expect((await ask(modelOf())).text).toHaveLength(5_000_000)
  })

  it('also when it is a refusal, of which the beginning is read', async () => {
    server.answerWith((answer) => answer.refuse(400, 'no'.repeat(5_000_000)))
    const failure = await ask(modelOf()).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'PROVIDER_REJECTED', cause: { status: 400 } })
    expect(JSON.stringify(failure).length + String((failure as Error).cause).length).toBeLessThan(200_000)
  })
})
