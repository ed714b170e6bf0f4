import { describe, expect, it } from 'vitest'
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
      assistant: { baseUrl: undefined, isDemo: false, idleTimeoutMs: 60_000, contextTokens: 16_000 },
      shutdownGraceMs: 8_000,
    })
  })

  it('takes the models in their order, the first as the default, and empty variables as unset', () => {
    const { assistant, address } = readChatConfig({ ...USABLE, OPENAI_MODELS: ' large , small,', CHAT_PORT: '' })
    expect(assistant.models).toEqual(['large', 'small'])
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
    ['OPENAI_MODELS', ' , '],
    ['SERVICE_SECRET', 'too short'],
    ['AI_CONTEXT_TOKENS', '0'],
    ['AI_CONTEXT_TOKENS', '1.5'],
    ['AI_IDLE_TIMEOUT_MS', '0'],
    ['AI_IDLE_TIMEOUT_MS', '60s'],
    ['SHUTDOWN_GRACE_MS', 'soon'],
    ['LOG_LEVEL', 'loud'],
    ['NODE_ENV', 'staging'],
  ])('is refused with the variable’s name when %s is %j', (variable, value) => {
    const complaint = complaintAbout({ [variable]: value })
    expect(complaint).toContain(`${variable}:`)
    expect(complaint.split('\n')).toHaveLength(2)
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
