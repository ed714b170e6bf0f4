import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { gatewayVariables, readGatewayConfig } from '../gateway/config.ts'
import { localVariables } from '../local/config.ts'
import { demoModelVariables } from '../local/demo-model/config.ts'
import { newSigningKey } from '../local/signing-key.ts'
import { databaseUrl, processEnvironment } from '../platform/environment.ts'
import { SECRET_VARIABLES } from '../platform/environment-files.ts'
import { authVariables, readAuthConfig } from '../subgraphs/auth/config.ts'
import { chatVariables, readChatConfig } from '../subgraphs/chat/config.ts'
import { OVERLAYS, ofKind, render, requireKubectl } from './deployment/manifests.ts'
import { environmentOf } from './deployment/role-environment.ts'
import { readCompose } from './support/compose-file.ts'

/** What each service of docker-compose.yml and each workload of Kubernetes reads, by its name there. */
const MIGRATION = { ...processEnvironment, DATABASE_URL: databaseUrl() }
const READ_BY: Readonly<Record<string, object>> = {
  gateway: gatewayVariables,
  auth: authVariables,
  chat: chatVariables,
  worker: chatVariables,
  'migrate-auth': MIGRATION,
  'migrate-chat': MIGRATION,
  'demo-model': demoModelVariables,
}
const IN_CODE = [...new Set([...Object.values(READ_BY), localVariables].flatMap(Object.keys))].toSorted()

/** One of many: whatever subgraphs a supergraph has. */
const isSubgraphUrl = (name: string) => /^SUBGRAPH_URL_[A-Z]+$/.test(name)

/** The variable that one with a file's path stands for; any other itself. */
const secretOf = (name: string) => SECRET_VARIABLES.find((secret) => name === `${secret}_FILE`) ?? name

/** Of what a role is told, that which it does not read; a secret may be told as a file. */
function unread(role: string, told: readonly string[]): string[] {
  const read = Object.keys(READ_BY[role] ?? {})
  return told.filter((name) => !read.includes(secretOf(name)) && !(role === 'gateway' && isSubgraphUrl(name)))
}

/** The variables of .env.example with their defaults; empty where there is none. */
async function examples(): Promise<Record<string, string>> {
  const text = await readFile('.env.example', 'utf8')
  return Object.fromEntries([...text.matchAll(/^#([A-Z0-9_]+)=(.*)$/gm)].map(([, name, value]) => [name, value]))
}

describe('.env.example', () => {
  it('lists every variable that the code reads, and no other', async () => {
    const listed = Object.keys(await examples())
    expect(listed.filter((name) => !isSubgraphUrl(name)).toSorted()).toEqual(IN_CODE)
    expect(listed.filter(isSubgraphUrl)).toEqual(['SUBGRAPH_URL_AUTH', 'SUBGRAPH_URL_CHAT'])
  })

  it('gives the defaults that the code has', async () => {
    const given = Object.fromEntries(Object.entries(await examples()).filter(([, value]) => value !== ''))
    const { SUPERGRAPH, JWKS_URL, AUTH_URL, SUBGRAPH_URL_AUTH, SUBGRAPH_URL_CHAT, ...defaults } = given
    expect(readGatewayConfig(defaults)).toEqual(readGatewayConfig({}))
    const needed = { DATABASE_URL: 'postgres://localhost/parley', OPENAI_API_KEY: 'key' }
    expect(readChatConfig({ ...defaults, AUTH_URL, ...needed })).toEqual(readChatConfig(needed))
    const stored = { DATABASE_URL: needed.DATABASE_URL, JWT_SIGNING_KEY: newSigningKey() }
    expect(readAuthConfig({ ...defaults, ...stored })).toEqual(readAuthConfig(stored))
    expect([SUPERGRAPH, JWKS_URL, SUBGRAPH_URL_AUTH, SUBGRAPH_URL_CHAT]).not.toContain(undefined)
  })

  it('says which of them can be in files', async () => {
    const [, listed = ''] =
      /<NAME>_FILE: ([^.]+)\./.exec((await readFile('.env.example', 'utf8')).replaceAll('\n# ', ' ')) ?? []
    expect(listed.split(/, | and /).toSorted()).toEqual(SECRET_VARIABLES)
  })
})

describe('docs/configuration.md', () => {
  it('tells of every variable once, and of no other', async () => {
    const page = await readFile('docs/configuration.md', 'utf8')
    const rows = [...page.matchAll(/^\| `([A-Z0-9_]+)` \|/gm)].map(([, name = '']) => name)
    expect(rows.toSorted()).toEqual(IN_CODE)
  })
})

describe('docker-compose.yml', () => {
  /** What Compose starts that is not ours, and what it needs itself. */
  const OF_COMPOSE =
    /^(PARLEY_(VERSION|STOP_GRACE_PERIOD|EDGE_SUBNET)|(PARLEY|MAILPIT|PROMETHEUS|GRAFANA|JAEGER)_PORT)$/
  /**
   * With Compose more is there: a mail server, a model and a collector; whoever tries it wants a page to ask from; and what
   * depends on NODE_ENV is as in production.
   */
  const OF_THE_WHOLE = [
    'LOG_FORMAT',
    'EXPLORER',
    'SMTP_URL',
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    'OPENAI_BASE_URL',
    'OPENAI_MODELS',
    'AI_MODELS_FILE',
  ]

  /** A container binds to all of its addresses, as in production without HOST. */
  const EVERYWHERE = ['HOST']
  /** Nothing of these two is traced: they are in no network of the collector. */
  const TRACING = ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_TRACES_SAMPLER_ARG']
  /** Ports are those that health checks, networks and Prometheus know. */
  const LEFT_OUT: Readonly<Record<string, readonly string[]>> = {
    // The supergraph is that of the image, whose subgraphs the file starts.
    gateway: ['PORT', 'SUPERGRAPH'],
    auth: ['AUTH_PORT'],
    chat: ['CHAT_PORT', 'WORKER_PORT'],
    worker: ['CHAT_PORT', 'WORKER_PORT'],
    'migrate-auth': TRACING,
    'migrate-chat': TRACING,
    'demo-model': [...TRACING, 'DEMO_MODEL_PORT'],
  }

  it.each(Object.keys(READ_BY))('tells %s nothing that it does not read', (role) => {
    const told = Object.keys(readCompose().services[role]?.environment ?? {})
    expect(told).not.toEqual([])
    expect(unread(role, told)).toEqual([])
  })

  it.each(Object.keys(READ_BY))('tells %s everything that it reads, but for what the file settles itself', (role) => {
    const told = Object.keys(readCompose().services[role]?.environment ?? {})
    const untold = Object.keys(READ_BY[role] ?? {}).filter((name) => !told.map(secretOf).includes(name))
    expect(untold.toSorted()).toEqual([...EVERYWHERE, ...(LEFT_OUT[role] ?? [])].toSorted())
  })

  it('leaves what can be set to whoever starts it: fixed is only where things are', async () => {
    const { services } = readCompose()
    const settable = [...(await readFile('docker-compose.yml', 'utf8')).matchAll(/^ +(\w+): '?\$\{\1:?-/gm)]
    const names = settable.map(([, name]) => name)
    const fixed = Object.keys(READ_BY).flatMap((role) =>
      Object.keys(services[role]?.environment ?? {}).filter((name) => !names.includes(name)),
    )
    expect([...new Set(fixed)].toSorted()).toEqual([
      'AI_WORKER',
      'AUTH_URL',
      'DATABASE_URL_FILE',
      'JWKS_URL',
      'JWT_SIGNING_KEY_FILE',
      'NATS_URL_FILE',
      'NODE_ENV',
      'REDIS_URL_FILE',
      'SERVICE_SECRET_FILE',
      'SUBGRAPH_URL_AUTH',
      'SUBGRAPH_URL_CHAT',
    ])
  })

  it('takes variables by the names and with the defaults of .env.example, but for those of which there is more', async () => {
    const listed = await examples()
    const taken = (await readFile('docker-compose.yml', 'utf8')).matchAll(/\$\{(\w+):?-([^}]*)\}/g)
    const different = [...taken].filter(
      ([, name = '', fallback]) => !OF_COMPOSE.test(name) && listed[name] !== fallback,
    )
    expect([...new Set(different.map(([, name]) => name))].toSorted()).toEqual(OF_THE_WHOLE.toSorted())
    for (const name of OF_THE_WHOLE) expect(listed).toHaveProperty(name)
  })
})

describe('Kubernetes', () => {
  it.for(OVERLAYS)('%s tells no role what it does not read', async (overlay, context) => {
    requireKubectl(context)
    const manifests = await render(overlay)
    const deployments = ofKind(manifests, 'Deployment')
    expect(deployments.map(({ metadata }) => metadata.name).toSorted()).toEqual(['auth', 'chat', 'gateway', 'worker'])
    for (const { metadata, spec } of deployments) {
      const told = environmentOf(spec.template.spec.containers[0], ofKind(manifests, 'ConfigMap'))
      expect(unread(metadata.name, Object.keys(told)), metadata.name).toEqual([])
    }
  })
})
