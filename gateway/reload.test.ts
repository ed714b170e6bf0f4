import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Alteration, alteredSdl, replaceSupergraph } from './testing/altered-graph.ts'
import { gaugeOf } from './testing/gauges.ts'
import { LogLines } from './testing/log-lines.ts'
import { SocketClient } from './testing/socket-client.ts'
import { startToyGateway, type ToyGateway } from './testing/start-toy-gateway.ts'

const WITHOUT_EMAIL: Alteration = { replace: ['email: String', ''] }
const EMAIL = '{ user(id: "u1") { email } }'
const NAME = '{ user(id: "u1") { name } }'
const NAMED = { data: { user: { name: 'Name of u1' } } }

let toy: ToyGateway
let log: LogLines

async function start(environment: NodeJS.ProcessEnv = {}) {
  log = new LogLines()
  toy = await startToyGateway(environment, { logger: log.logger })
}

beforeEach(() => start())
afterEach(() => toy[Symbol.asyncDispose]())

async function serve(sdl: string) {
  await replaceSupergraph(toy, sdl)
  await toy.gateway.reload()
}

const metric = (name: string) => gaugeOf(toy.url, `parley_gateway_supergraph_${name}`)
const reloads = (outcome: string) => metric(`reloads_total{outcome="${outcome}"}`)
const sha256 = async () =>
  createHash('sha256')
    .update(await readFile(toy.supergraph))
    .digest('hex')
const codesOf = (body: { errors?: readonly { extensions: { code: string } }[] }) =>
  body.errors?.map(({ extensions }) => extensions.code)

describe('a supergraph that is replaced', () => {
  it('is served to what begins from then on', async () => {
    expect(codesOf((await toy.query(EMAIL)).body)).toEqual(['FORBIDDEN'])
    await serve(alteredSdl(toy, { users: WITHOUT_EMAIL }))
    const { body } = await toy.query(EMAIL)
    expect([body.data, codesOf(body)]).toEqual([undefined, ['BAD_USER_INPUT']])
    expect((await toy.query(NAME)).body).toEqual(NAMED)
    await serve(alteredSdl(toy, {}))
    expect(codesOf((await toy.query(EMAIL)).body)).toEqual(['FORBIDDEN'])
    expect([await reloads('accepted'), await reloads('refused')]).toEqual([2, 0])
  })

  it('is served without a signal once its file has changed', async () => {
    await replaceSupergraph(toy, alteredSdl(toy, { users: WITHOUT_EMAIL }))
    await expect.poll(async () => codesOf((await toy.query(EMAIL)).body)).toEqual(['BAD_USER_INPUT'])
    expect(await reloads('accepted')).toBe(1)
  })

  it('is named by its hash in the metrics', async () => {
    const before = `info{sha256="${await sha256()}"}`
    expect(await metric(before)).toBe(1)
    await serve(alteredSdl(toy, { users: WITHOUT_EMAIL }))
    expect(await metric(`info{sha256="${await sha256()}"}`)).toBe(1)
    await expect(metric(before)).rejects.toThrow('There is no metric')
  })

  it.each([
    ['no supergraph', () => 'type Query { a: Int }', /is not a supergraph/],
    ['not GraphQL', () => '{', /is not a supergraph/],
    ['half written', () => alteredSdl(toy, {}).slice(0, -100), /is not a supergraph/],
    ['one without an address', () => alteredSdl(toy, { users: { url: '' } }), /SUBGRAPH_URL_USERS/],
  ])('is refused when it is %s, with one line in the log, and the one before is served on', async (_what, sdl, why) => {
    await serve(sdl())
    expect((await toy.query(NAME)).body).toEqual(NAMED)
    expect(log.lines('error')).toEqual([
      expect.objectContaining({
        msg: 'the new supergraph is refused, the one before is served on',
        reason: expect.stringMatching(why),
      }),
    ])
    expect([await reloads('accepted'), await reloads('refused')]).toEqual([0, 1])
    expect(await metric('last_reload_successful')).toBe(0)
    expect((await fetch(`${toy.gateway.url}/ready`)).status).toBe(200)
    await serve(alteredSdl(toy, {}))
    expect(await metric('last_reload_successful')).toBe(1)
  })

  it('is refused when its file is gone', async () => {
    await rm(toy.supergraph)
    await expect.poll(() => reloads('refused')).toBe(1)
    expect((await toy.query(NAME)).body).toEqual(NAMED)
    await writeFile(toy.supergraph, alteredSdl(toy, {}))
    await expect.poll(() => metric('last_reload_successful')).toBe(1)
    // It is the one that is served all the time.
    expect(await reloads('accepted')).toBe(0)
  })

  it('is read once for all who ask at the same time', async () => {
    await Promise.all([toy.gateway.reload(), toy.gateway.reload(), toy.gateway.reload()])
    expect(await reloads('accepted')).toBe(1)
  })
})

describe('an operation in flight while the supergraph is replaced', () => {
  const WITH_AUTHOR = '{ review(id: "r1") { author { name handle } } }'
  const ALONE: Alteration = { replace: ['author: User }', '}'] }

  /** Holds back what the reviews answer, so that the users are asked only after the reload. */
  function holdReviews() {
    const arrived = Promise.withResolvers<void>()
    const released = Promise.withResolvers<false>()
    toy.graph.reviews.intercept = () => {
      arrived.resolve()
      return released.promise
    }
    return { arrived: arrived.promise, release: () => released.resolve(false) }
  }

  async function reloadWithoutUsers() {
    await toy.query(NAME)
    const { arrived, release } = holdReviews()
    const answer = toy.query(WITH_AUTHOR)
    await arrived
    await serve(alteredSdl(toy, { reviews: { replace: ['author: User', ''] }, users: undefined }))
    return { answer, release }
  }

  it('ends on the one that it began on, and only then the subgraphs that are gone are left', async () => {
    const { answer, release } = await reloadWithoutUsers()
    expect(codesOf((await toy.query('{ user(id: "u1") { name } }')).body)).toEqual(['BAD_USER_INPUT'])
    expect(await toy.graph.users.connectionCount()).toBeGreaterThan(0)
    release()
    expect((await answer).body).toEqual({ data: { review: { author: { name: 'Name of u1', handle: '@u1' } } } })
    await expect.poll(() => toy.graph.users.connectionCount()).toBe(0)
  })

  it('ends so over a socket, too', async () => {
    const client = await SocketClient.connect(toy.socketUrl)
    const { arrived, release } = holdReviews()
    client.subscribe('1', WITH_AUTHOR)
    await arrived
    await serve(alteredSdl(toy, { reviews: { replace: ['author: User', ''] }, users: undefined }))
    release()
    const payload = { data: { review: { author: { name: 'Name of u1', handle: '@u1' } } } }
    expect(await client.next()).toEqual({ type: 'next', id: '1', payload })
    expect((await client.next()).type).toBe('complete')
    await client.close()
    await expect.poll(() => toy.graph.users.connectionCount()).toBe(0)
  })

  it('leaves connections alone that lead where they led before', async () => {
    await toy.query(NAME)
    const before = await toy.graph.users.connectionCount()
    await serve(alteredSdl(toy, { reviews: ALONE }))
    await toy.query(NAME)
    expect(await toy.graph.users.connectionCount()).toBe(before)
  })
})

describe('documents that clients name', () => {
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'parley-reload-'))
  })

  afterEach(() => rm(folder, { recursive: true }))

  const idOf = (query: string) => createHash('sha256').update(query).digest('hex')

  it('are looked at anew when they are persisted queries', async () => {
    const extensions = { persistedQuery: { version: 1, sha256Hash: idOf(EMAIL) } }
    const send = async (body: object) => {
      const headers = { 'content-type': 'application/json' }
      const response = await fetch(toy.url, { method: 'POST', headers, body: JSON.stringify({ ...body, extensions }) })
      return codesOf(await response.json())
    }
    expect(await send({ query: EMAIL })).toEqual(['FORBIDDEN'])
    expect(await send({})).toEqual(['FORBIDDEN'])
    await serve(alteredSdl(toy, { users: WITHOUT_EMAIL }))
    expect(await send({})).toEqual(['PERSISTED_QUERY_NOT_FOUND'])
    expect(await send({ query: EMAIL })).toEqual(['BAD_USER_INPUT'])
    expect(await send({})).toEqual(['PERSISTED_QUERY_NOT_FOUND'])
  })

  it('refuse a supergraph on which a trusted one may not run, until the manifest is without it', async () => {
    await toy[Symbol.asyncDispose]()
    const manifest = join(folder, 'manifest.json')
    await writeFile(manifest, JSON.stringify({ [idOf(EMAIL)]: EMAIL, [idOf(NAME)]: NAME }))
    await start({ TRUSTED_DOCUMENTS: manifest })
    await serve(alteredSdl(toy, { users: WITHOUT_EMAIL }))
    expect(log.lines('error')).toEqual([
      expect.objectContaining({ reason: expect.stringContaining(`the document ${idOf(EMAIL)}`) }),
    ])
    expect(codesOf((await toy.query(EMAIL)).body)).toEqual(['FORBIDDEN'])
    await writeFile(manifest, JSON.stringify({ [idOf(NAME)]: NAME }))
    await toy.gateway.reload()
    expect(codesOf((await toy.query(EMAIL)).body)).toEqual(['DOCUMENT_NOT_TRUSTED'])
    expect((await toy.query(NAME)).body).toEqual(NAMED)
  })
})
