import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createModerator } from './create-moderator.ts'
import { NO_MODERATION } from './moderator.ts'
import { OpenAiModerator } from './openai-moderator.ts'

interface Asked {
  readonly path: string | undefined
  readonly authorization: string | undefined
  readonly model: string
  readonly input: string
}

/** What the endpoint does with a request. */
type Judge = (response: ServerResponse, asked: Asked) => void

const PATIENT = new AbortController().signal
const PASSING = { status: 503, body: { error: 'overloaded' } }

const answer =
  (body: unknown, status = 200): Judge =>
  (response) =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
const flagging =
  (isFlagged: (input: string) => boolean): Judge =>
  (response, { input }) =>
    answer({ results: [{ flagged: isFlagged(input), categories: {} }] })(response, {} as Asked)

describe('the moderator', () => {
  let asked: Asked[] = []
  let judge: Judge
  let url: string
  const server = createServer(async (request, response) => {
    const body = JSON.parse(await text(request))
    asked.push({ path: request.url, authorization: request.headers.authorization, ...body })
    const last = asked.at(-1)
    if (last) judge(response, last)
  })
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })
  beforeEach(() => {
    asked = []
    judge = flagging(() => false)
  })

  const moderator = ({ apiKey = 'a-key' as string | undefined, timeoutMs = 5_000, at = url } = {}) =>
    new OpenAiModerator({ url: at, apiKey, model: 'a-judge', timeoutMs, pauseMs: 1 })

  it('asks about the text, with its model and its key', async () => {
    await moderator().check('May I?', PATIENT)
    expect(asked).toEqual([
      { path: '/v1/moderations', authorization: 'Bearer a-key', model: 'a-judge', input: 'May I?' },
    ])
  })

  it('sends no key where there is none, and takes a base URL with a slash at its end', async () => {
    await new OpenAiModerator({ url: `${url}/`, apiKey: undefined, model: 'a-judge', timeoutMs: 5_000 }).check(
      'May I?',
      PATIENT,
    )
    expect(asked).toMatchObject([{ path: '/v1/moderations', authorization: undefined }])
  })

  it('refuses what is flagged', async () => {
    judge = flagging((input) => input.includes('bomb'))
    await expect(moderator().check('How is a bomb made?', PATIENT)).rejects.toMatchObject({
      code: 'MODERATION_REFUSED',
    })
    await expect(moderator().check('How is bread made?', PATIENT)).resolves.toBeUndefined()
  })

  it('does not ask about nothing', async () => {
    await moderator().check(' \n', PATIENT)
    expect(asked).toEqual([])
  })

  it('finds what is flagged wherever it lies in a long text', async () => {
    const needle = 'this is what nobody may say'
    judge = flagging((input) => input.includes(needle))
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 60_000 }), fc.nat({ max: 60_000 }), async (before, behind) => {
        const long = `${'a '.repeat(before / 2)}${needle}${'👋'.repeat(behind / 2)}`
        await expect(moderator().check(long, PATIENT)).rejects.toMatchObject({ code: 'MODERATION_REFUSED' })
      }),
      { numRuns: 25 },
    )
  })

  it('shows the whole of a long text, in parts that are well-formed', async () => {
    const long = `a${'👋'.repeat(20_000)}`
    await moderator().check(long, PATIENT)
    expect(asked.map(({ input }) => input.length)).toEqual([16_000, 16_000, 9_001])
    expect(asked.every(({ input }) => input.isWellFormed())).toBe(true)
  })

  it('tries again after what passes', async () => {
    judge = (response, last) =>
      (asked.length < 3 ? answer(PASSING.body, PASSING.status) : flagging(() => false))(response, last)
    await moderator().check('May I?', PATIENT)
    expect(asked).toHaveLength(3)
  })

  it.each<[string, number, Judge]>([
    ['refuses the key', 1, answer({ error: 'Incorrect API key provided: a-key' }, 401)],
    ['refuses the request', 1, answer({ error: 'May I?' }, 400)],
    ['judges nothing', 1, answer({ results: [] })],
    ['does not say whether it is flagged', 1, answer({ results: [{ flagged: 'no' }] })],
    ['answers with something unreadable', 1, (response) => void response.end('<html>')],
    ['stays overloaded', 3, answer(PASSING.body, PASSING.status)],
    ['stays busy', 3, answer({}, 429)],
    ['hangs up', 3, (response) => void response.destroy()],
  ])('lets nothing through when the endpoint %s', async (_, attempts, how) => {
    judge = how
    const refused = moderator().check('May I?', PATIENT)
    await expect(refused).rejects.toMatchObject({ code: 'PROVIDER_UNAVAILABLE' })
    await expect(refused).rejects.not.toThrow(/a-key|May I/)
    expect(asked).toHaveLength(attempts)
  })

  it('lets nothing through when nobody listens, or nobody answers in time', async () => {
    const nobody = moderator({ at: 'http://127.0.0.1:9/v1' }).check('May I?', PATIENT)
    await expect(nobody).rejects.toMatchObject({ code: 'PROVIDER_UNAVAILABLE' })
    judge = () => undefined
    const silent = moderator({ timeoutMs: 50 }).check('May I?', PATIENT)
    await expect(silent).rejects.toMatchObject({ code: 'PROVIDER_TIMEOUT' })
  })

  it('stops at once when it is aborted, with the reason given', async () => {
    const stopping = new AbortController()
    const reason = new Error('The reply was cancelled.')
    judge = () => stopping.abort(reason)
    await expect(moderator().check('May I?', stopping.signal)).rejects.toBe(reason)
    await expect(moderator().check('May I?', AbortSignal.abort(reason))).rejects.toBe(reason)
    expect(asked).toHaveLength(1)
  })

  it('is nobody where none is configured', async () => {
    expect(createModerator(null)).toBe(NO_MODERATION)
    await expect(createModerator(null).check('How is a bomb made?', PATIENT)).resolves.toBeUndefined()
    judge = flagging(() => true)
    const configured = createModerator({ url, apiKey: undefined, model: 'a-judge' })
    await expect(configured.check('May I?', PATIENT)).rejects.toMatchObject({ code: 'MODERATION_REFUSED' })
  })
})
