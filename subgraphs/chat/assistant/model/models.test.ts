import { DEFAULT_ENCODING, modelToEncodingMap } from 'gpt-tokenizer/mapping'
import { describe, expect, it } from 'vitest'
import { Models } from './models.ts'

describe('the catalogue of models', () => {
  it('has the models of the configuration, the first as the default, each with what is known of it', () => {
    const models = new Models([{ id: 'a', name: 'Large', contextTokens: 9_000, canContinue: true }, 'b'], false)
    expect(models.defaultModel).toBe('a')
    expect([models.has('a'), models.has('b'), models.has('c')]).toEqual([true, true, false])
    expect(models.get('a')).toMatchObject({ name: 'Large', isDefault: true, contextTokens: 9_000, canContinue: true })
    expect(models.get('b')).toEqual({
      id: 'b',
      name: 'b',
      contextTokens: null,
      maxOutputTokens: null,
      canContinue: false,
      usesTools: false,
      encoding: null,
      temperature: [0, 2],
      isDefault: false,
      isDemo: false,
    })
    expect(models.all).toEqual([models.get('a'), models.get('b')])
  })

  it('knows nothing of a model that it does not have, and asks it all the same', () => {
    expect(new Models(['a'], false).get('gone')).toMatchObject({ id: 'gone', maxOutputTokens: null, isDefault: false })
  })

  it('says of the demo that it is one, which goes on with what it has begun', () => {
    const { name, isDemo, canContinue } = new Models(['demo'], true).get('demo')
    expect({ isDemo, canContinue }).toEqual({ isDemo: true, canContinue: true })
    expect(name).toContain('canned')
  })

  it('offers tools to those of OpenAI’s models that take them, and to others only when it is said', () => {
    const usesTools = (id: string) => new Models([id], false).get(id).usesTools
    const takers = [
      'gpt-4o',
      'gpt-4.1-mini',
      'gpt-5-nano',
      'gpt-5.1',
      'o1',
      'o3-mini',
      'gpt-3.5-turbo',
      'openai/gpt-4o',
    ]
    expect(takers.filter((id) => !usesTools(id))).toEqual([])
    const others = [
      ...[
        'chatgpt-4o-latest',
        'gpt-5-chat-latest',
        'gpt-5-chat',
        'gpt-4o-search-preview',
        'gpt-4o-mini-search-preview',
      ],
      ...['gpt-4o-audio-preview', 'o1-mini', 'o1-preview', 'gpt-3.5-turbo-instruct', 'gpt-oss-20b', 'llama3.2'],
    ]
    expect(others.filter(usesTools)).toEqual([])
    expect(new Models([{ id: 'gpt-oss-20b', tools: true }], false).get('gpt-oss-20b').usesTools).toBe(true)
  })

  it('has no temperature for OpenAI’s reasoning models, unless it is said', () => {
    const temperatureOf = (id: string) => new Models([id], false).get(id).temperature
    const fixed = ['o1', 'o3-mini', 'openai/o4-mini', 'gpt-5', 'gpt-5-mini-2025-08-07', 'gpt-4o-search-preview']
    expect(fixed.filter((id) => temperatureOf(id) !== null)).toEqual([])
    const free = ['gpt-4o', 'gpt-5-chat-latest', 'gpt-5.1', 'ft:gpt-4o-mini:acme::o1', 'my-search-model', 'o200']
    expect(free.filter((id) => temperatureOf(id) === null)).toEqual([])
    expect(new Models([{ id: 'o3', temperature: [0, 1] }], false).get('o3').temperature).toEqual([0, 1])
  })

  it('knows how OpenAI’s models are counted, also under a gateway’s name, and guesses of no other', () => {
    const encodingOf = (id: string) => new Models([id], false).get(id).encoding
    const older = Object.entries(modelToEncodingMap).filter(([id]) => /^gpt-(3|4|oss)/.test(id))
    expect(older.length).toBeGreaterThan(10)
    for (const [id, encoding] of older) expect([id, encodingOf(id)]).toEqual([id, encoding])
    for (const id of [
      'gpt-4o',
      'gpt-4.1-mini',
      'gpt-4.5-preview',
      'gpt-5-nano',
      'o1',
      'o3-mini',
      'chatgpt-4o-latest',
    ]) {
      expect([id, encodingOf(id)]).toEqual([id, DEFAULT_ENCODING])
    }
    expect(encodingOf('openai/gpt-4o-mini')).toBe('o200k_base')
    expect(encodingOf('ft:gpt-4o-mini-2024-07-18:acme::id')).toBe('o200k_base')
    expect(['llama3.2', 'Qwen/Qwen3-8B', 'demo-offline', 'not-gpt-4o'].map(encodingOf)).toEqual([
      null,
      null,
      null,
      null,
    ])
  })
})
