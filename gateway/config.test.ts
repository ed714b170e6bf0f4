import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../platform/environment.ts'
import { readGatewayConfig } from './config.ts'

describe('the configuration of the gateway', () => {
  it('needs nothing to be set', () => {
    expect(readGatewayConfig({})).toMatchObject({
      production: false,
      host: '127.0.0.1',
      port: 4000,
      supergraph: expect.stringMatching(/schema.supergraph\.graphql$/),
      subgraphUrls: {},
      trustedProxies: [],
      allowedOrigins: [],
      explorer: 'sandbox',
      limits: {
        bodyBytes: 1_000_000,
        tokens: 2_000,
        depth: 12,
        aliases: 30,
        rootFields: 15,
        cost: 10_000,
        operationMs: 10_000,
        subscriptionsPerSocket: 20,
        socketsPerUser: 500,
        sockets: 20_000,
        socketsPerSecond: 500,
      },
    })
  })

  it('verifies tokens only when it knows whose', () => {
    expect(readGatewayConfig({}).identity).toBeUndefined()
    expect(readGatewayConfig({ JWKS_URL: 'http://auth:4001/jwks' }).identity?.jwksUrl).toBe('http://auth:4001/jwks')
  })

  it('is closed to explorers and open to the network in production', () => {
    expect(readGatewayConfig({ NODE_ENV: 'production' })).toMatchObject({ explorer: 'off', host: '0.0.0.0' })
    expect(readGatewayConfig({ NODE_ENV: 'production', EXPLORER: 'offline' }).explorer).toBe('offline')
  })

  it('runs every valid document and each query by itself unless told otherwise', () => {
    expect(readGatewayConfig({})).toMatchObject({ deduplicateQueries: false })
    expect(readGatewayConfig({}).trustedDocuments).toBeUndefined()
    const told = readGatewayConfig({ DEDUPLICATE_QUERIES: 'true', TRUSTED_DOCUMENTS: 'manifest.json' })
    expect(told).toMatchObject({ deduplicateQueries: true, trustedDocuments: 'manifest.json', explorer: 'off' })
    expect(() => readGatewayConfig({ DEDUPLICATE_QUERIES: 'yes' })).toThrow(
      'DEDUPLICATE_QUERIES: must be true or false',
    )
  })

  it('takes any number for a limit', () => {
    const limits = {
      LIMIT_DEPTH: '1000000',
      LIMIT_ALIASES: '0',
      LIMIT_ROOT_FIELDS: '9000000000',
      LIMIT_COST: '8000000000',
    }
    expect(readGatewayConfig(limits).limits).toMatchObject({ depth: 1e6, aliases: 0, rootFields: 9e9, cost: 8e9 })
  })

  it.each([
    ['LIMIT_OPERATION_MS', 1],
    ['SHUTDOWN_GRACE_MS', 0],
  ])('takes for %s what a timer can wait', (name, min) => {
    expect(readGatewayConfig({ [name]: '2147483647' })).toBeDefined()
    expect(() => readGatewayConfig({ [name]: '3000000000' })).toThrow(
      `${name}: must be a whole number from ${min} to 2147483647`,
    )
  })

  it.each(['LIMIT_SOCKETS_PER_USER', 'LIMIT_SOCKETS', 'LIMIT_SOCKETS_PER_SECOND'])('refuses %s=0', (name) => {
    expect(() => readGatewayConfig({ [name]: '0' })).toThrow(`${name}: must be a whole number from 1 up`)
  })

  it('needs the secret of its services in production, unless it serves a graph without identity', () => {
    const production = { NODE_ENV: 'production', JWKS_URL: 'http://auth:4001/jwks' }
    expect(() => readGatewayConfig(production)).toThrow(/SERVICE_SECRET: is required in production/)
    expect(() => readGatewayConfig({ ...production, PORT: '-1' })).toThrow(/PORT.*SERVICE_SECRET/s)
    const SERVICE_SECRET = 'a secret that the services of this graph share'
    expect(readGatewayConfig({ ...production, SERVICE_SECRET }).serviceSecret).toBe(SERVICE_SECRET)
    expect(readGatewayConfig({ ...production, NODE_ENV: 'test' }).serviceSecret).toBeUndefined()
  })

  it('needs the secret of its services for NATS', () => {
    expect(() => readGatewayConfig({ NATS_URL: 'nats://nats:4222' })).toThrow(
      /SERVICE_SECRET: is required with NATS_URL/,
    )
  })

  it('takes the address of each subgraph from a variable of its name', () => {
    const { subgraphUrls } = readGatewayConfig({ SUBGRAPH_URL_AUTH: 'http://auth:4001/graphql', SUBGRAPH_URL_CHAT: '' })
    expect(subgraphUrls).toEqual({ AUTH: 'http://auth:4001/graphql' })
  })

  it('names every variable that is wrong, and no value', () => {
    const wrong = {
      PORT: '-1',
      EXPLORER: 'maybe',
      SERVICE_SECRET: 'too short',
      TRUSTED_PROXIES: 'everybody',
      ALLOWED_ORIGINS: 'https://app.example/path',
    }
    const read = () => readGatewayConfig(wrong)
    expect(read).toThrow(ConfigurationError)
    for (const name of Object.keys(wrong)) expect(read).toThrow(name)
    expect(read).not.toThrow('too short')
    expect(() => readGatewayConfig({ SUBGRAPH_URL_AUTH: 'auth:4001' })).toThrow(
      /SUBGRAPH_URL_AUTH: must be an absolute/,
    )
  })
})
