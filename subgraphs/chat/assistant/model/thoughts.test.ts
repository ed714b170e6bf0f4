import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  inTurn,
  type Script,
  type ScriptedModel,
  startScriptedModel,
} from '../../../../tests/support/scripted-model.ts'
import type { ModelDescription } from './model-description.ts'
import { ask, modelOf as modelAt, QUESTION, SEARCH } from './testing/asking.ts'

let server: ScriptedModel
beforeEach(async () => {
  server = await startScriptedModel()
})
afterEach(() => server[Symbol.asyncDispose]())

const modelOf = (facts: Partial<ModelDescription> = {}) =>
  modelAt({ endpoints: [{ name: 'only', baseUrl: server.baseUrl, apiKey: undefined }] }, facts)

/** Says these pieces one after another, and that it has ended. */
const saying =
  (...pieces: string[]): Script =>
  (answer) => {
    for (const piece of pieces) answer.say(piece)
    answer.finish({ prompt_tokens: 7, completion_tokens: 20 })
  }

describe.each(['chat', 'responses'] as const)('what a model thinks aloud, by the interface %s,', (api) => {
  it('is left out at the beginning of its answer', async () => {
    server.answerWith(saying('\n<thi', 'nk>Bees? ', 'Wings!</th', 'ink>\n', '\nWith their ', '<think>wings</think>.'))
    expect(await ask(modelOf({ api }), { needsText: true })).toMatchObject({
      text: 'With their <think>wings</think>.',
      usage: { inputTokens: 7, outputTokens: 20 },
    })
  })

  it('is left out before it calls tools', async () => {
    server.answerWith((answer) => answer.say('<think>I must look.</think>').call('search', { text: 'bees' }).finish())
    expect(await ask(modelOf({ api }), { tools: [SEARCH], needsText: true })).toMatchObject({
      text: '',
      finishReason: 'calls',
    })
  })

  it('is no answer when it never ends', async () => {
    const thinking = saying('<think>Bees?')
    server.answerWith(inTurn(thinking, thinking, saying('<think></think>Wings.')))
    expect(await ask(modelOf({ api }), { needsText: true })).toMatchObject({ text: 'Wings.' })
    server.answerWith(thinking)
    await expect(ask(modelOf({ api }), { needsText: true })).rejects.toMatchObject({
      code: 'PROVIDER_UNAVAILABLE',
      usage: { inputTokens: 7, outputTokens: 20 },
    })
    server.answerWith((answer) => answer.say('<think>Bees').finish(undefined, 'length'))
    expect(await ask(modelOf({ api }), { needsText: true })).toMatchObject({ text: '', finishReason: 'length' })
  })

  it('has not been heard, so that an answer that fails behind it is asked for again', async () => {
    const failing: Script =
      api === 'chat'
        ? (answer) =>
            answer
              .say('<think>Bees')
              .event({ choices: [{ delta: {}, finish_reason: 'error' }] })
              .close()
        : (answer) =>
            answer
              .say('<think>Bees')
              .event({ type: 'response.failed', response: { error: {} } })
              .close()
    server.answerWith(inTurn(failing, saying('Wings.')))
    expect(await ask(modelOf({ api }))).toMatchObject({ text: 'Wings.' })
  })

  it('is text everywhere else: behind other words, in another form, in what is gone on with', async () => {
    for (const text of ['A <think>b</think> c', '<thinking>b</thinking> c', '<Think>b</Think>', '< think>', '<thin']) {
      server.answerWith(saying(...text))
      expect(await ask(modelOf({ api }))).toMatchObject({ text })
    }
    server.answerWith(saying('<think>', 'b</think> c'))
    const turns = [QUESTION, { role: 'assistant' as const, content: 'Such a block begins with ' }]
    expect(await ask(modelOf({ api, canContinue: true }), { turns, continues: true })).toMatchObject({
      text: '<think>b</think> c',
    })
  })
})
