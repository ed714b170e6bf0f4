import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { newSigningKey } from '../local/signing-key.ts'

const CONFIGS = ['gateway', 'subgraphs/auth', 'subgraphs/chat', 'local', 'platform']
const NAME = /^ {2,6}([A-Z][A-Z0-9_]{2,}):/gm

/** Every variable that a process's schema names. */
async function variablesInCode(): Promise<string[]> {
  const files = CONFIGS.map((folder) => `${folder}/${folder === 'platform' ? 'environment' : 'config'}.ts`)
  const sources = await Promise.all(files.map((file) => readFile(file, 'utf8')))
  return [...new Set(sources.flatMap((source) => [...source.matchAll(NAME)].map(([, name = '']) => name)))].sort()
}

describe('.env.example', () => {
  it('lists every variable that the code reads, and no other', async () => {
    const example = await readFile('.env.example', 'utf8')
    const listed = [...example.matchAll(/^#([A-Z0-9_]+)=/gm)].map(([, name = '']) => name)
    const named = listed.map((name) => name.replace(/^SUBGRAPH_URL_\w+$/, 'SUBGRAPH_URL_'))
    expect([...new Set(named)].filter((name) => name !== 'SUBGRAPH_URL_').sort()).toEqual(await variablesInCode())
    expect(named).toContain('SUBGRAPH_URL_')
  })

  it('gives the defaults that the code has', async () => {
    const { readGatewayConfig } = await import('../gateway/config.ts')
    const { readAuthConfig } = await import('../subgraphs/auth/config.ts')
    const { readChatConfig } = await import('../subgraphs/chat/config.ts')
    const example = await readFile('.env.example', 'utf8')
    const given = Object.fromEntries(
      [...example.matchAll(/^#([A-Z0-9_]+)=(.+)$/gm)].map(([, name, value]) => [name, value]),
    )
    const { SUPERGRAPH, JWKS_URL, AUTH_URL, SUBGRAPH_URL_AUTH, SUBGRAPH_URL_CHAT, ...defaults } = given
    expect(readGatewayConfig(defaults)).toEqual(readGatewayConfig({}))
    const needed = { DATABASE_URL: 'postgres://localhost/parley', OPENAI_API_KEY: 'key' }
    expect(readChatConfig({ ...defaults, AUTH_URL, ...needed })).toEqual(readChatConfig(needed))
    const stored = { DATABASE_URL: needed.DATABASE_URL, JWT_SIGNING_KEY: newSigningKey() }
    expect(readAuthConfig({ ...defaults, ...stored })).toEqual(readAuthConfig(stored))
    expect([SUPERGRAPH, JWKS_URL, SUBGRAPH_URL_AUTH, SUBGRAPH_URL_CHAT]).not.toContain(undefined)
  })
})
