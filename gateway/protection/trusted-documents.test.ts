import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getIntrospectionQuery } from 'graphql'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../platform/environment.ts'
import { readGatewayConfig } from '../config.ts'
import { SocketClient } from '../testing/socket-client.ts'
import { post, startToyGateway, type ToyGateway } from '../testing/start-toy-gateway.ts'

const REVIEW = 'query Review($id: ID!) { review(id: $id) { id } }'
const ADDED = 'subscription Added { reviewAdded { id } }'
const NOT_TRUSTED = {
  message: expect.stringContaining('Only trusted documents run here'),
  extensions: { code: 'DOCUMENT_NOT_TRUSTED', requestId: expect.any(String) },
}
const variables = { id: 'r1' }
const ANSWER = { data: { review: { id: 'r1' } } }

const idOf = (query: string) => createHash('sha256').update(query).digest('hex')
const named = (sha256Hash: string) => ({ extensions: { persistedQuery: { version: 1, sha256Hash } } })
const plain = (...documents: string[]) => Object.fromEntries(documents.map((it) => [idOf(it), it]))
const apollo = (...operations: object[]) => ({ format: 'apollo-persisted-query-manifest', version: 1, operations })

let folder: string
let toy: ToyGateway | undefined
let client: SocketClient | undefined

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-manifest-'))
})

afterEach(async () => {
  await client?.close()
  await toy?.[Symbol.asyncDispose]()
  client = undefined
  toy = undefined
})

afterAll(() => rm(folder, { recursive: true }))

async function start(manifest: unknown, environment: NodeJS.ProcessEnv = {}): Promise<ToyGateway> {
  const path = join(folder, 'manifest.json')
  await writeFile(path, typeof manifest === 'string' ? manifest : JSON.stringify(manifest))
  toy = await startToyGateway({ TRUSTED_DOCUMENTS: path, ...environment })
  return toy
}

const send = (body: object) => post(toy?.url ?? '', JSON.stringify(body))

async function asEvents(body: object) {
  const headers = { 'content-type': 'application/json', accept: 'text/event-stream' }
  const answer = await fetch(toy?.url ?? '', { method: 'POST', headers, body: JSON.stringify(body) })
  return answer.text()
}

async function onSocket(payload: object) {
  client ??= await SocketClient.connect(toy?.socketUrl ?? '')
  client.send({ type: 'subscribe', id: 'one', payload })
  const frame = await client.next()
  if (frame.type === 'next') expect((await client.next()).type).toBe('complete')
  return frame
}

describe('a gateway with trusted documents', () => {
  it('runs those of a map by their text and by their hash, on every transport', async () => {
    await start(plain(REVIEW, ADDED))
    for (const asked of [{ query: REVIEW }, named(idOf(REVIEW)), { query: REVIEW, ...named(idOf(REVIEW)) }]) {
      expect((await send({ ...asked, variables })).body).toEqual(ANSWER)
      expect(await onSocket({ ...asked, variables })).toMatchObject({ type: 'next', payload: ANSWER })
      expect(await asEvents({ ...asked, variables })).toContain(JSON.stringify(ANSWER))
    }
    client?.send({ type: 'subscribe', id: 'two', payload: named(idOf(ADDED)) })
    await expect.poll(() => toy?.graph.feed.watcherCount).toBe(1)
  })

  it('runs those of an Apollo manifest by the ids that it gives them', async () => {
    const operation = { name: 'Review', type: 'query', body: REVIEW }
    await start(apollo({ id: 'review-1', ...operation }, { id: 'review-2', ...operation }))
    for (const id of ['review-1', 'review-2', idOf(REVIEW)]) {
      expect((await send({ ...named(id), variables })).body).toEqual(ANSWER)
      expect((await send({ query: REVIEW, ...named(id), variables })).body).toEqual(ANSWER)
    }
  })

  it.each([
    ['another document', { query: '{ __typename }' }],
    ['a document that differs in a space', { query: `${REVIEW} `, variables }],
    ['introspection', { query: getIntrospectionQuery() }],
    ['an id that it does not know', named(idOf('{ __typename }'))],
    ['another document under a known id', { query: '{ __typename }', ...named(idOf(REVIEW)) }],
    ['a known document under another id', { query: REVIEW, variables, ...named(idOf(ADDED)) }],
  ])('refuses %s on every transport', async (_what, asked) => {
    await start(plain(REVIEW, ADDED))
    const { status, body } = await send(asked)
    expect(status).toBe(400)
    expect(body.errors).toEqual([NOT_TRUSTED])
    expect(await onSocket(asked)).toMatchObject({ type: 'error', payload: [NOT_TRUSTED] })
    expect(await asEvents(asked)).toContain('DOCUMENT_NOT_TRUSTED')
  })

  it('learns no others', async () => {
    await start(plain(REVIEW))
    const query = '{ __typename }'
    await send({ query, ...named(idOf(query)) })
    expect((await send(named(idOf(query)))).body.errors).toEqual([NOT_TRUSTED])
  })

  it('runs introspection that is in the manifest, also in production', async () => {
    await start(plain('{ __schema { queryType { name } } }'), { NODE_ENV: 'production', HOST: '127.0.0.1' })
    const { body } = await send(named(idOf('{ __schema { queryType { name } } }')))
    expect(body).toEqual({ data: { __schema: { queryType: { name: 'Query' } } } })
  })

  it('looks at what each request costs', async () => {
    await start(plain('{ reviews { id } }'), { LIMIT_COST: '1' })
    expect((await send({ query: '{ reviews { id } }' })).status).toBe(200)
  })

  it('has no explorer, which could ask nothing', async () => {
    const { url } = await start(plain(REVIEW))
    expect((await fetch(url, { headers: { accept: 'text/html' } })).status).toBe(404)
    expect(() => readGatewayConfig({ TRUSTED_DOCUMENTS: 'manifest.json', EXPLORER: 'sandbox' })).toThrow(
      /EXPLORER: must be off with TRUSTED_DOCUMENTS/,
    )
    expect(readGatewayConfig({ TRUSTED_DOCUMENTS: 'manifest.json', EXPLORER: 'off' }).explorer).toBe('off')
  })
})

describe('a gateway does not start with a manifest that', () => {
  it.each<[what: string, manifest: unknown, message: RegExp]>([
    ['is not JSON', '{', /manifest\.json is not JSON/],
    ['is of another kind', apollo({ id: 'a' }), /neither an apollo-persisted-query-manifest of version 1 nor/],
    ['is of another version', { ...apollo(), version: 2 }, /neither an apollo-persisted-query-manifest of version 1/],
    ['is a list', ['{ __typename }'], /neither an apollo/],
    ['is empty', {}, /names no document/],
    ['has an id twice', apollo({ id: 'a', body: REVIEW }, { id: 'a', body: ADDED }), /has the id a twice/],
    ['has a key that is not the hash', { a: REVIEW }, /document a: its key is not the SHA-256/],
    ['has a malformed document', apollo({ id: 'a', name: 'Broken', body: '{' }), /document Broken: Syntax Error/],
    ['asks for an unknown field', apollo({ id: 'a', name: 'Odd', body: '{ odd }' }), /Odd: Cannot query field "odd"/],
    [
      'asks too deep',
      apollo({ id: 'a', name: 'Deep', body: `{ review(id: 1) ${'{ author '.repeat(2)}{ id }${' }'.repeat(3)}` }),
      /Deep: .*levels deep/,
    ],
    [
      'asks for too much',
      apollo({ id: 'a', name: 'Dear', body: '{ review(id: 1) { author { id } } }' }),
      /Dear: .*costs 2/,
    ],
  ])('%s', async (_what, manifest, message) => {
    const limits = { LIMIT_DEPTH: '3', LIMIT_COST: '1' }
    const started = start(manifest, limits)
    await expect(started).rejects.toThrow(ConfigurationError)
    await expect(started).rejects.toThrow(/TRUSTED_DOCUMENTS/)
    await expect(started).rejects.toThrow(message)
  })

  it('is not there', async () => {
    const started = startToyGateway({ TRUSTED_DOCUMENTS: '/nowhere.json' })
    await expect(started).rejects.toThrow('TRUSTED_DOCUMENTS: /nowhere.json cannot be read.')
  })

  it('has several bad documents: all of them are named', async () => {
    const bad = (name: string) => ({ id: name, name, body: '{ nothing }' })
    await expect(start(apollo(bad('One'), bad('Two')))).rejects.toThrow(/document One: .*document Two: /s)
  })
})
