import { describe, expect, it } from 'vitest'
import { UserFault } from '../../../platform/user-fault.ts'
import { Models } from '../assistant/model/models.ts'
import { changeAssistantSettings, readAssistantSettings } from './conversation-input.ts'

const models = new Models(
  ['any', { id: 'small', maxOutputTokens: 100, temperature: [0.2, 1] }, { id: 'cold', temperature: null }],
  false,
)

function faultOf(work: () => unknown) {
  try {
    work()
  } catch (error) {
    if (error instanceof UserFault) return { code: error.code, field: error.path?.at(-1) }
    throw error
  }
  return undefined
}

describe('the settings of the assistant', () => {
  it.each([
    [{ temperature: 2, maxOutputTokens: 1_000_000 }],
    [{ model: 'small', temperature: 0.2, maxOutputTokens: 100 }],
    [{ model: 'small', temperature: 1 }],
    [{ model: 'cold', maxOutputTokens: 1 }],
  ])('are taken within what the model allows: %j', (settings) => {
    expect(readAssistantSettings(settings, models)).toEqual({ model: 'any', ...settings })
  })

  it.each([
    [{ temperature: 2.1 }, 'temperature'],
    [{ temperature: Number.NaN }, 'temperature'],
    [{ model: 'small', temperature: 0.1 }, 'temperature'],
    [{ model: 'small', temperature: 1.1 }, 'temperature'],
    [{ model: 'cold', temperature: 0 }, 'temperature'],
    [{ maxOutputTokens: 0 }, 'maxOutputTokens'],
    [{ maxOutputTokens: 1_000_001 }, 'maxOutputTokens'],
    [{ model: 'small', maxOutputTokens: 101 }, 'maxOutputTokens'],
  ])('are refused beyond it: %j', (settings, field) => {
    expect(faultOf(() => readAssistantSettings(settings, models))).toEqual({ code: 'BAD_USER_INPUT', field })
  })

  it('stay when others are changed, within what the model allows', () => {
    const current = { model: 'any', temperature: 2, maxOutputTokens: 1_000, systemPrompt: 'Be brief.' }
    const { systemPrompt } = current
    expect(changeAssistantSettings(current, { model: 'small' }, models)).toEqual({
      ...{ model: 'small', temperature: 1, maxOutputTokens: 100, systemPrompt },
    })
    expect(changeAssistantSettings(current, { model: 'cold' }, models)).toEqual({
      ...{ model: 'cold', maxOutputTokens: 1_000, systemPrompt },
    })
    expect(changeAssistantSettings(current, { temperature: null }, models)).toEqual({
      ...{ model: 'any', maxOutputTokens: 1_000, systemPrompt },
    })
    expect(faultOf(() => changeAssistantSettings(current, { model: 'cold', temperature: 1 }, models))).toMatchObject({
      field: 'temperature',
    })
  })

  it('may be changed after the configuration has', () => {
    const systemPrompt = 'Be brief.'
    expect(changeAssistantSettings({ model: 'cold', temperature: 2 }, { systemPrompt }, models)).toEqual({
      ...{ model: 'cold', systemPrompt },
    })
    const gone = { model: 'gone', temperature: 2 }
    expect(changeAssistantSettings(gone, { systemPrompt }, models)).toEqual({ ...gone, systemPrompt })
    expect(changeAssistantSettings(gone, { model: null }, models)).toEqual({ model: 'any', temperature: 2 })
    expect(faultOf(() => changeAssistantSettings(gone, { model: 'gone' }, models))).toEqual({
      code: 'UNKNOWN_MODEL',
      field: 'model',
    })
  })
})
