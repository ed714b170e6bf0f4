import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { readGatewayConfig } from '../../gateway/config.ts'
import { readDemoModelConfig } from '../../local/demo-model/config.ts'
import { readSecretFiles, SECRET_VARIABLES } from '../../platform/environment-files.ts'
import { newTemporaryFolder, removeFolder } from '../../platform/testing/temporary-folder.ts'
import { readAuthConfig } from '../../subgraphs/auth/config.ts'
import { readChatConfig } from '../../subgraphs/chat/config.ts'
import { PROJECT, parseCompose, readCompose, serviceOf } from '../support/compose-file.ts'
import { startOrder } from '../support/compose-order.ts'
import { composedEnvironment, makeComposedSecrets } from '../support/composed-environment.ts'

const compose = readCompose()
const NAMES = Object.keys(compose.services)
const LONG_RUNNING = NAMES.filter((name) => !['secrets', 'migrate-auth', 'migrate-chat'].includes(name))
/** Whose image holds nothing that could ask them. */
const WITHOUT_HEALTH = ['otel-collector', 'jaeger']
const OUR_IMAGE = 'parley:local'

let secrets: string
beforeAll(async () => {
  secrets = await newTemporaryFolder()
  makeComposedSecrets(secrets, {})
})
afterAll(() => removeFolder(secrets))

/** What a role is told, with its secrets read. */
const toldTo = (name: string, variables: Record<string, string> = {}) =>
  readSecretFiles(composedEnvironment(name, { hosts: {}, secrets, variables }))

describe('every service', () => {
  it.each(NAMES)('%s has the rights and the resources that it needs, and no more', (name) => {
    const service = serviceOf(compose, name)
    expect(service).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      deploy: {
        resources: {
          limits: { cpus: expect.any(String), memory: expect.stringMatching(/^\d+[MG]$/), pids: expect.any(Number) },
        },
      },
    })
    // Compose takes the two for one setting, and refuses a file in which they differ.
    expect(service).not.toHaveProperty('pids_limit')
    expect(service.restart).toBe(LONG_RUNNING.includes(name) ? 'unless-stopped' : 'on-failure:3')
    for (const dangerous of ['privileged', 'cap_add', 'pid', 'ipc', 'devices'])
      expect(service).not.toHaveProperty(dangerous)
  })

  it.each(NAMES)('%s has an image of an exact version, or ours', (name) => {
    const { image, build } = serviceOf(compose, name)
    if (image !== OUR_IMAGE) expect(image).toMatch(/^[\w./-]+:v?\d+\.\d+(\.\d+)?(-\w+)?$/)
    if (image !== OUR_IMAGE) expect(build).toBe(undefined)
  })

  it('of ours has the image that one of them builds, for which the others wait', () => {
    const ours = NAMES.filter((name) => serviceOf(compose, name).image === OUR_IMAGE)
    expect(ours.filter((name) => serviceOf(compose, name).build !== undefined)).toEqual(['secrets'])
    for (const name of ours.filter((name) => name !== 'secrets')) {
      expect(serviceOf(compose, name).pull_policy, name).toBe('never')
      expect(startOrder(compose, name), name).toContain('secrets')
    }
  })

  it.each(LONG_RUNNING.filter((name) => !WITHOUT_HEALTH.includes(name)))(
    '%s is asked whether it is healthy',
    (name) => {
      expect(serviceOf(compose, name).healthcheck?.test).not.toBe(undefined)
    },
  )

  it('is published on this machine alone, if it is a page to be opened or the gateway', () => {
    const published = NAMES.flatMap((name) => serviceOf(compose, name).ports.map((port) => `${name} ${port}`))
    expect(published).toEqual([
      'gateway 127.0.0.1:4000:4000',
      'mailpit 127.0.0.1:8025:8025',
      'prometheus 127.0.0.1:9090:9090',
      'grafana 127.0.0.1:3000:3000',
      'jaeger 127.0.0.1:16686:16686',
    ])
  })
})

describe('the order of the start', () => {
  it.each(NAMES)('ends with %s, which waits for nobody that waits for it', (name) => {
    expect(startOrder(compose, name).at(-1)).toBe(name)
  })

  it('waits for whom it can wait for: the healthy are asked, the completed end', () => {
    for (const name of NAMES) {
      for (const [needed, { condition }] of Object.entries(serviceOf(compose, name).depends_on)) {
        const isOneShot = !LONG_RUNNING.includes(needed)
        const hasHealth = serviceOf(compose, needed).healthcheck !== undefined
        const possible = isOneShot
          ? ['service_completed_successfully']
          : ['service_started', ...(hasHealth ? ['service_healthy'] : [])]
        expect(possible, `${name} waits for ${needed}`).toContain(condition)
      }
    }
  })

  it('gives a schema to auth and chat before they start, and nobody observes before anything runs', () => {
    const order = startOrder(compose, 'gateway')
    for (const [first, second] of [
      ['secrets', 'postgres'],
      ['migrate-auth', 'auth'],
      ['migrate-chat', 'chat'],
    ] as const) {
      expect(order.indexOf(first), second).toBeLessThan(order.indexOf(second))
    }
    expect(order).not.toContain('prometheus')
  })
})

describe('networks', () => {
  const membersOf = (network: string) => NAMES.filter((name) => serviceOf(compose, name).networks.includes(network))

  it('let each store be reached by whom it is for', () => {
    expect(membersOf('database')).toEqual(['postgres', 'migrate-auth', 'migrate-chat', 'auth', 'chat', 'worker'])
    expect(membersOf('bus')).toEqual(['nats', 'auth', 'chat', 'worker', 'gateway'])
    expect(membersOf('limits')).toEqual(['redis', 'auth', 'gateway'])
    expect(membersOf('graph')).toEqual(['auth', 'chat', 'worker', 'gateway'])
    expect(membersOf('models')).toEqual(['chat', 'worker', 'demo-model'])
  })

  it('let a proxy on this machine have an address that is known before: the first of edge', () => {
    const { ipam } = compose.networks.edge as { ipam: { config: { subnet: string }[] } }
    const [range = ''] = ipam.config.map(({ subnet }) => subnet)
    const proxy = range.replace(/\.0\/24$/, '.1')
    const { trustedProxies } = readGatewayConfig(toldTo('gateway', { TRUSTED_PROXIES: proxy }))
    expect(trustedProxies).not.toEqual(readGatewayConfig(toldTo('gateway')).trustedProxies)
    expect(readFileSync(join(PROJECT, 'docs/operating.md'), 'utf8')).toContain(`\nTRUSTED_PROXIES=${proxy}\n`)
    const outside = serviceOf(compose, 'gateway').networks.filter((name) => !compose.networks[name]?.internal)
    expect(outside, 'what is published is reached through the one that leads out').toEqual(['edge'])
  })

  it('lead out of this machine only where something outside is asked or published', () => {
    const open = Object.keys(compose.networks).filter((name) => !compose.networks[name]?.internal)
    expect(open).toEqual(['edge', 'consoles', 'models', 'mail'])
    for (const store of ['postgres', 'nats', 'redis']) {
      expect(serviceOf(compose, store).networks.filter((name) => open.includes(name))).toEqual([])
    }
  })

  it.each(['auth', 'chat', 'worker', 'gateway'])(
    'connect %s with every host that it is told of, at the port of that',
    (name) => {
      const listening: Record<string, number[]> = {
        ...{ postgres: [5432], nats: [4222], redis: [6379], mailpit: [1025], 'otel-collector': [4318] },
        ...{ auth: [4001], chat: [4002], 'demo-model': [4010] },
      }
      const { networks } = serviceOf(compose, name)
      const told = Object.values(toldTo(name))
        .join('\n')
        .matchAll(/:\/\/(?:[^@/\s]*@)?([\w-]+):(\d+)/g)
      const places = [...told].map(([, host = '', port]) => ({ host, port: Number(port) }))
      expect(places.length).toBeGreaterThan(3)
      for (const { host, port } of places) {
        expect(listening[host], `${host}:${port}`).toContain(port)
        const shared = serviceOf(compose, host).networks.filter((network) => networks.includes(network))
        expect(shared, `${name} and ${host}`).not.toEqual([])
      }
    },
  )
})

describe('each role', () => {
  it('starts with what it is told, at the port of its health check and of Prometheus', () => {
    const auth = readAuthConfig(toldTo('auth'))
    const chat = readChatConfig(toldTo('chat'))
    const worker = readChatConfig(toldTo('worker'))
    const gateway = readGatewayConfig(toldTo('gateway'))
    const ports = {
      auth: auth.address.port,
      chat: chat.address.port,
      worker: worker.workerAddress.port,
      gateway: gateway.port,
      'demo-model': readDemoModelConfig(toldTo('demo-model')).port,
    }
    expect(ports).toEqual({ auth: 4001, chat: 4002, worker: 4003, gateway: 4000, 'demo-model': 4010 })
    expect([auth.address.host, chat.address.host, gateway.host]).toEqual(['0.0.0.0', '0.0.0.0', '0.0.0.0'])
    expect(chat.assistant).toMatchObject({ runsWorker: false, doubts: [] })
    expect(worker.assistant).toEqual(chat.assistant)
    expect(gateway).toMatchObject({ production: true, explorer: 'offline', identity: { authUrl: 'http://auth:4001' } })
    expect(new Set([auth, chat, gateway].map(({ serviceSecret }) => serviceSecret)).size).toBe(1)
    for (const name of Object.keys(ports)) {
      expect(serviceOf(compose, name).healthcheck?.test).toEqual(['CMD', 'node', 'scripts/health.ts', name])
      expect(serviceOf(compose, name).command).toEqual([name])
    }
  })

  it('is scraped at the port that it has', () => {
    const file = readFileSync(join(PROJECT, 'observability/prometheus/prometheus.yml'), 'utf8')
    const { scrape_configs: jobs } = parse(file) as {
      scrape_configs: { dns_sd_configs?: { names: string[]; port: number }[] }[]
    }
    const scraped = jobs.flatMap((job) => job.dns_sd_configs ?? []).map(({ names, port }) => `${names[0]}:${port}`)
    expect(scraped.toSorted()).toEqual(['auth:4001', 'chat:4002', 'gateway:4000', 'worker:4003'])
    for (const place of scraped) expect(serviceOf(compose, place.split(':')[0] ?? '').networks).toContain('telemetry')
  })

  it('has the time that a shutdown takes before it is killed', () => {
    for (const name of ['auth', 'chat', 'worker', 'gateway', 'demo-model']) {
      const { stop_grace_period: grace } = serviceOf(compose, name)
      expect(Number.parseInt(String(grace), 10) * 1000).toBeGreaterThan(readGatewayConfig({}).shutdownGraceMs + 2_000)
    }
  })

  it('is given more of it by a variable, together with the grace', () => {
    const variables = { SHUTDOWN_GRACE_MS: '60000', PARLEY_STOP_GRACE_PERIOD: '70s' }
    for (const name of ['auth', 'chat', 'worker', 'gateway', 'demo-model']) {
      expect(toldTo(name, variables).SHUTDOWN_GRACE_MS).toBe('60000')
      expect(serviceOf(readCompose(variables), name).stop_grace_period).toBe('70s')
    }
  })

  it('asks another model than the demo when it is told to', () => {
    const variables = { OPENAI_API_KEY: 'sk-1', OPENAI_BASE_URL: 'https://api.openai.com/v1', OPENAI_MODELS: 'gpt-4o' }
    const { assistant } = readChatConfig(toldTo('worker', variables))
    expect(assistant.endpoints).toEqual([
      { name: 'api.openai.com', baseUrl: 'https://api.openai.com/v1', apiKey: 'sk-1' },
    ])
    expect(assistant.models.map(({ id }) => id)).toEqual(['gpt-4o'])
    const alone = readChatConfig(toldTo('worker', { ...variables, AI_MODELS_FILE: '' }))
    expect(alone.assistant.doubts).toEqual([])
  })
})

describe('secrets', () => {
  it('stand in no variable', () => {
    for (const name of NAMES) {
      const { environment } = serviceOf(compose, name)
      for (const secret of SECRET_VARIABLES) expect(environment[secret] ?? '').not.toMatch(/@|^\w{8,}$/)
    }
  })

  it('are written by one service, and given to each of the others as a volume of its own, to be read', () => {
    const mounts = NAMES.flatMap((name) =>
      serviceOf(compose, name)
        .volumes.filter((volume) => volume.startsWith('secrets-'))
        .map((volume) => ({ name, volume })),
    )
    const makers = mounts.filter(({ volume }) => !volume.endsWith(':ro')).map(({ name }) => name)
    expect(new Set(makers)).toEqual(new Set(['secrets']))
    const readers = mounts.filter(({ volume }) => volume.endsWith(':ro')).map(({ name, volume }) => `${name} ${volume}`)
    expect(readers).toEqual([
      'postgres secrets-postgres:/secrets:ro',
      'nats secrets-nats:/secrets:ro',
      'redis secrets-redis:/secrets:ro',
      'migrate-auth secrets-auth:/secrets:ro',
      'migrate-chat secrets-chat:/secrets:ro',
      'auth secrets-auth:/secrets:ro',
      'chat secrets-chat:/secrets:ro',
      'worker secrets-chat:/secrets:ro',
      'gateway secrets-gateway:/secrets:ro',
      'grafana secrets-grafana:/secrets:ro',
    ])
  })

  it.each(NAMES)('that %s is told of are made', (name) => {
    const { volumes, environment, command } = serviceOf(compose, name)
    const reader = volumes.find((volume) => /^secrets-\w+:\/secrets:ro$/.test(volume))?.match(/-(\w+):/)?.[1] ?? ''
    const files = [...Object.values(environment), ...command].filter((value) => /^\/secrets\/./.test(value))
    for (const file of files) expect(existsSync(join(secrets, reader, file.slice('/secrets/'.length))), file).toBe(true)
    if (reader !== '') expect(files, `${name} reads nothing of its volume`).not.toEqual([])
  })
})

describe('what is mounted', () => {
  const mounts = NAMES.flatMap((name) => serviceOf(compose, name).volumes.map((volume) => ({ name, volume })))

  it('of the repository is there, and cannot be written to', () => {
    const files = mounts.filter(({ volume }) => volume.startsWith('./'))
    expect(files.length).toBeGreaterThan(6)
    for (const { volume } of files) {
      expect(volume).toMatch(/:ro$/)
      expect(existsSync(join(PROJECT, volume.split(':')[0] ?? '')), volume).toBe(true)
    }
  })

  it('else is a volume that the file declares', () => {
    const named = mounts.map(({ volume }) => volume.split(':')[0] ?? '').filter((source) => !source.startsWith('./'))
    expect([...new Set(named)].toSorted()).toEqual(Object.keys(compose.volumes).toSorted())
  })

  it('is where Prometheus and Grafana look for it', () => {
    const at = (target: string) => mounts.some(({ volume }) => volume.split(':')[1] === target)
    const provisioning = 'observability/grafana/provisioning/dashboards/dashboards.yml'
    const { providers } = parse(readFileSync(join(PROJECT, provisioning), 'utf8')) as {
      providers: { options: { path: string } }[]
    }
    for (const { options } of providers) expect(at(options.path), options.path).toBe(true)
    const prometheus = readFileSync(join(PROJECT, 'observability/prometheus/prometheus.yml'), 'utf8')
    const { rule_files: rules } = parse(prometheus) as { rule_files: string[] }
    for (const rule of rules) expect(at(`/etc/prometheus/${rule}`), rule).toBe(true)
  })

  it('as a script of Postgres can be run', () => {
    expect(statSync(join(PROJECT, 'deploy/compose/postgres-roles.sh')).mode & 0o111).toBe(0o111)
  })
})

describe('the small form', () => {
  const small = parseCompose('deploy/compose/small.yml') as {
    services: Record<string, { profiles?: string[]; environment?: Record<string, string> }>
  }
  const leftOut = Object.keys(small.services).filter((name) => small.services[name]?.profiles)

  it('leaves out what observes, which nobody else waits for', () => {
    expect(leftOut).toEqual(['prometheus', 'grafana', 'otel-collector', 'jaeger'])
    for (const name of NAMES.filter((name) => !leftOut.includes(name))) {
      const needed = startOrder(compose, name)
      expect(needed.filter((other) => leftOut.includes(other))).toEqual([])
    }
  })

  it('sends no traces to where nobody takes them', () => {
    const tracing = NAMES.filter((name) => serviceOf(compose, name).environment.OTEL_EXPORTER_OTLP_ENDPOINT)
    expect(tracing).toEqual(['auth', 'chat', 'worker', 'gateway'])
    for (const name of tracing) {
      expect(small.services[name]?.environment).toEqual({ OTEL_EXPORTER_OTLP_ENDPOINT: '' })
    }
  })
})
