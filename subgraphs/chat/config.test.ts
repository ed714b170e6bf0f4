import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../platform/environment.ts'
import { readChatConfig } from './config.ts'

const USABLE = { DATABASE_URL: 'postgresql://parley@db/parley', OPENAI_API_KEY: 'sk-a-secret' }

function complaintAbout(environment: NodeJS.ProcessEnv): string {
  try {
    readChatConfig({ ...USABLE, ...environment })
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message
    throw error
  }
  return 'none'
}

describe('the chat configuration', () => {
  it('needs a database and a model, and has a default for everything else', () => {
    expect(readChatConfig(USABLE)).toMatchObject({
      address: { host: '127.0.0.1', port: 4002, variable: 'CHAT_PORT' },
      authUrl: 'http://127.0.0.1:4001',
      workerAddress: { host: '127.0.0.1', port: 4003, variable: 'WORKER_PORT' },
      assistant: {
        endpoints: [{ name: 'api.openai.com', baseUrl: 'https://api.openai.com/v1', apiKey: 'sk-a-secret' }],
        models: [{ id: 'gpt-4o-mini' }],
        isDemo: false,
        idleTimeoutMs: 60_000,
        contextTokens: 16_000,
        dailyTokensPerUser: null,
        concurrentRepliesPerUser: 32,
        moderation: null,
        runsWorker: true,
      },
      shutdownGraceMs: 8_000,
    })
  })

  it('takes the models in their order, the first as the default, and empty variables as unset', () => {
    const { assistant, address } = readChatConfig({ ...USABLE, OPENAI_MODELS: ' large , small,', CHAT_PORT: '' })
    expect(assistant.models).toEqual([{ id: 'large' }, { id: 'small' }])
    expect(address.port).toBe(4002)
  })

  it.each([
    ['CHAT_PORT', 'abc'],
    ['CHAT_PORT', '65536'],
    ['CHAT_PORT', '-1'],
    ['DATABASE_URL', 'mysql://db/parley'],
    ['AUTH_URL', 'http://auth:4001/graphql'],
    ['OPENAI_BASE_URL', 'localhost:11434'],
    ['OPENAI_BASE_URL', 'ftp://models.example.org'],
    ['OPENAI_BASE_URL', 'http://localhost:11434/v1,localhost:8000'],
    ['OPENAI_BASE_URL', ','],
    ['OPENAI_API_KEY', ','],
    ['OPENAI_API_KEY', 'one,another'],
    ['OPENAI_BASE_URL', 'https://user:password@models.example.org/v1'],
    ['OPENAI_MODELS', ' , '],
    ['OPENAI_MODELS', 'large,small, large'],
    ['AI_MODELS_FILE', '/nowhere/models.json'],
    ['AI_DAILY_TOKENS_PER_USER', '0'],
    ['AI_CONCURRENT_REPLIES_PER_USER', '0'],
    ['AI_MODERATION_URL', 'moderation'],
    ['AI_WORKER', 'yes'],
    ['WORKER_PORT', '65536'],
    ['SERVICE_SECRET', 'too short'],
    ['AI_CONTEXT_TOKENS', '0'],
    ['AI_CONTEXT_TOKENS', '1.5'],
    ['AI_CONTEXT_TOKENS', '2147483648'],
    ['AI_IDLE_TIMEOUT_MS', '0'],
    ['AI_IDLE_TIMEOUT_MS', '60s'],
    ['AI_IDLE_TIMEOUT_MS', '2147483648'],
    ['SHUTDOWN_GRACE_MS', 'soon'],
    ['LOG_LEVEL', 'loud'],
    ['NODE_ENV', 'staging'],
  ])('is refused with the variable’s name when %s is %j', (variable, value) => {
    const complaint = complaintAbout({ [variable]: value })
    expect(complaint).toContain(`${variable}:`)
    expect(complaint.split('\n')).toHaveLength(2)
  })

  it('takes several endpoints in their order, with one key for all or one for each', () => {
    const OPENAI_BASE_URL = 'https://api.openai.com/v1, http://localhost:8000/v1,http://localhost:8000/other'
    const endpointsWith = (OPENAI_API_KEY: string) =>
      readChatConfig({ ...USABLE, OPENAI_BASE_URL, OPENAI_API_KEY }).assistant.endpoints
    expect(endpointsWith('sk-1,none,sk-3')).toEqual([
      { name: 'api.openai.com', baseUrl: 'https://api.openai.com/v1', apiKey: 'sk-1' },
      { name: 'localhost:8000', baseUrl: 'http://localhost:8000/v1', apiKey: undefined },
      { name: 'localhost:8000 #2', baseUrl: 'http://localhost:8000/other', apiKey: 'sk-3' },
    ])
    expect(endpointsWith('sk-1').map(({ apiKey }) => apiKey)).toEqual(['sk-1', 'sk-1', 'sk-1'])
    expect(endpointsWith('').map(({ apiKey }) => apiKey)).toEqual([undefined, undefined, undefined])
    expect(complaintAbout({ OPENAI_BASE_URL, OPENAI_API_KEY: 'sk-1,sk-2' })).toContain(
      'OPENAI_API_KEY: must be one key',
    )
  })

  it('doubts that one key is meant for several hosts', () => {
    const doubtsWith = (OPENAI_BASE_URL: string, OPENAI_API_KEY: string) =>
      readChatConfig({ ...USABLE, OPENAI_BASE_URL, OPENAI_API_KEY }).assistant.doubts
    const [doubt, ...others] = doubtsWith('https://api.openai.com/v1,http://localhost:8000/v1', 'sk-1') ?? []
    expect(doubt).toContain('OPENAI_API_KEY: its one key is sent to api.openai.com, localhost:8000')
    expect(doubt).not.toContain('sk-1')
    expect(others).toEqual([])
    expect(doubtsWith('https://api.openai.com/v1,http://localhost:8000/v1', 'sk-1,sk-1')).toEqual([])
    expect(doubtsWith('http://localhost:8000/v1,http://localhost:8000/other', 'sk-1')).toEqual([])
  })

  it('takes limits, moderation and where replies are written', () => {
    const { assistant } = readChatConfig({
      ...USABLE,
      AI_DAILY_TOKENS_PER_USER: '100000',
      AI_CONCURRENT_REPLIES_PER_USER: '2',
      AI_MODERATION_URL: 'https://api.openai.com/v1',
      AI_MODERATION_API_KEY: 'sk-moderation',
      AI_WORKER: 'separate',
    })
    expect(assistant).toMatchObject({
      dailyTokensPerUser: 100_000,
      concurrentRepliesPerUser: 2,
      moderation: { url: 'https://api.openai.com/v1', apiKey: 'sk-moderation', model: 'omni-moderation-latest' },
      runsWorker: false,
    })
    expect(complaintAbout({ AI_MODERATION_API_KEY: 'sk-moderation' })).toContain('AI_MODERATION_URL: is required')
  })

  it('names every variable at fault at once', () => {
    const complaint = complaintAbout({ CHAT_PORT: 'abc', AI_CONTEXT_TOKENS: '0', DATABASE_URL: undefined })
    for (const variable of ['CHAT_PORT', 'AI_CONTEXT_TOKENS', 'DATABASE_URL']) expect(complaint).toContain(variable)
  })

  it('is refused when nobody would answer', () => {
    const complaint = complaintAbout({ OPENAI_API_KEY: undefined })
    expect(complaint).toContain('OPENAI_API_KEY')
    expect(complaint).toContain('OPENAI_BASE_URL')
    expect(complaintAbout({ OPENAI_API_KEY: '', OPENAI_BASE_URL: 'http://localhost:11434/v1' })).toBe('none')
  })

  it('is refused in production without a secret between the services', () => {
    expect(complaintAbout({ NODE_ENV: 'production' })).toContain('SERVICE_SECRET')
    expect(complaintAbout({ NATS_URL: 'nats://nats:4222' })).toContain('SERVICE_SECRET: is required with NATS_URL')
  })

  it('never repeats a value, which may be a secret', () => {
    const secret = 'hunter2-hunter2'
    for (const variable of ['SERVICE_SECRET', 'DATABASE_URL', 'OPENAI_BASE_URL', 'CHAT_PORT', 'LOG_LEVEL']) {
      const complaint = complaintAbout({ [variable]: secret, OPENAI_API_KEY: secret })
      expect(complaint).toContain(variable)
      expect(complaint).not.toContain(secret)
    }
  })
})

describe('the file of models', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'parley-models-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  function fileOf(content: string): string {
    const path = join(folder, 'models.json')
    writeFileSync(path, content)
    return path
  }

  it('says more of the models that are offered, and may know others', () => {
    const facts = {
      name: 'Large',
      contextTokens: 128_000,
      maxOutputTokens: 16_384,
      canContinue: true,
      continueFields: { continue_final_message: true, add_generation_prompt: false },
      encoding: 'o200k_base',
      api: { 'https://api.openai.com/v1': 'responses' },
      outputLimit: 'max_tokens',
      nameAt: { 'http://localhost:8000/v1': 'maker/large' },
      temperature: [0, 1],
    }
    const AI_MODELS_FILE = fileOf(JSON.stringify({ large: facts, other: {}, small: { temperature: null } }))
    const { assistant } = readChatConfig({ ...USABLE, OPENAI_MODELS: 'large,small,unknown', AI_MODELS_FILE })
    expect(assistant.models).toEqual([{ id: 'large', ...facts }, { id: 'small', temperature: null }, { id: 'unknown' }])
  })

  it('is doubted where it speaks of models that are not offered, or of URLs that are not asked', () => {
    const api = { 'https://api.openai.com/v1/': 'responses', 'https://api.openai.com/v2': 'chat' }
    const nameAt = { 'http://user:password@localhost/v1': 'maker/large' }
    const AI_MODELS_FILE = fileOf(JSON.stringify({ large: { api, nameAt }, lrage: {} }))
    expect(readChatConfig({ ...USABLE, OPENAI_MODELS: 'large', AI_MODELS_FILE }).assistant.doubts).toEqual([
      'AI_MODELS_FILE: large names http://localhost/v1, which is not one of OPENAI_BASE_URL',
      'AI_MODELS_FILE: large names https://api.openai.com/v2, which is not one of OPENAI_BASE_URL',
      'AI_MODELS_FILE: lrage is not one of OPENAI_MODELS',
    ])
  })

  it.each([
    ['is no JSON', '{', 'must be the path of a JSON file'],
    ['is a list', '[]', 'the file must be an object of models by id'],
    ['says something unknown', '{"a":{"contextToken":1}}', 'a does not know contextToken'],
    ['says a wrong number', '{"a":{"contextTokens":0}}', 'a.contextTokens must be 1 or more'],
    ['says too high a number', '{"a":{"contextTokens":2147483648}}', 'a.contextTokens must be 100000000 or less'],
    [
      'has an answer longer than the context',
      '{"a":{"contextTokens":9,"maxOutputTokens":9}}',
      'a.maxOutputTokens must be less',
    ],
    ['names an unknown encoding', '{"a":{"encoding":"gpt"}}', 'a.encoding must be one of'],
    ['names an unknown interface', '{"a":{"api":"soap"}}', 'a.api must be chat, responses'],
    ['has temperatures the wrong way round', '{"a":{"temperature":[1,0]}}', 'a.temperature must be in ascending order'],
  ])('is refused with its place when it %s', (_, content, complaint) => {
    const complaints = complaintAbout({ AI_MODELS_FILE: fileOf(content) })
    expect(complaints).toContain(`AI_MODELS_FILE: ${complaint}`)
    expect(complaints.split('\n')).toHaveLength(2)
  })
})
