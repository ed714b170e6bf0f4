import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { pino } from 'pino'
import { describe, expect, onTestFinished, test } from 'vitest'
import { freePort } from '../../../tests/support/parley-process.ts'
import { openBreachLookup } from './breach-lookup.ts'

const BREACHED = 'correct horse battery staple'
const UNHEARD_OF = 'a walrus with 3 hats'

describe('The look-up of breached passwords', () => {
  test('knows a password that the service has seen, and no other', async () => {
    const { lookup, lines } = await lookupAt((request, response) => response.end(rangeFor(request)))
    expect(await lookup.isBreached(BREACHED)).toBe(true)
    expect(await lookup.isBreached(UNHEARD_OF)).toBe(false)
    expect(lines).toEqual([])
  })

  test('tells the service five digits of a hash and nothing else', async () => {
    const requests: IncomingMessage[] = []
    const { lookup } = await lookupAt((request, response) => {
      requests.push(request)
      response.end(rangeFor(request))
    })
    await lookup.isBreached(BREACHED)
    expect(requests.map(({ method, url }) => `${method} ${url?.split('?')[0]}`)).toEqual([
      `GET /pwned/range/${sha1(BREACHED).slice(0, 5)}`,
    ])
    expect(requests[0]?.headers['add-padding']).toBe('true')
    const sent = JSON.stringify([requests[0]?.url, requests[0]?.rawHeaders])
    for (const secret of ['horse', sha1(BREACHED).slice(5), sha1(BREACHED).slice(0, 6)])
      expect(sent).not.toContain(secret)
  })

  test('does not take padding for a breach', async () => {
    const { lookup } = await lookupAt((_request, response) => response.end(`${sha1(BREACHED).slice(5)}:0\r\n`))
    expect(await lookup.isBreached(BREACHED)).toBe(false)
  })

  test.each<[string, RequestListener]>([
    ['fails', (_request, response) => response.writeHead(500).end()],
    ['refuses', (_request, response) => response.writeHead(400).end('The hash prefix was not in a valid format')],
    ['limits its callers', (_request, response) => response.writeHead(429).end()],
    ['hangs up', (request) => request.socket.destroy()],
    ['says something else', (_request, response) => response.end('<html>It works!</html>')],
    ['says nothing', () => undefined],
    ['never ends', (_request, response) => response.write('0018A45C4D1DEF81644B54AB7F969B88D65:1\r\n')],
  ])('lets the password pass when the service %s, within three seconds', async (_title, listener) => {
    const { lookup } = await lookupAt(listener)
    const startedAt = performance.now()
    expect(await lookup.isBreached(BREACHED)).toBe(false)
    expect(performance.now() - startedAt).toBeLessThan(3_000)
  })

  test('lets the password pass when nobody is there, and says so without saying which', async () => {
    const { lookup, lines } = lookupOn(`http://127.0.0.1:${await freePort()}`)
    expect(await lookup.isBreached(BREACHED)).toBe(false)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/"level":40.*was not looked up/)
    for (const secret of ['horse', sha1(BREACHED).slice(0, 5), sha1(BREACHED).slice(5)])
      expect(lines[0]).not.toContain(secret)
  })

  test('says nothing of the password either when its own address is at fault', async () => {
    const { lookup, lines } = lookupOn('http://somebody:secret@127.0.0.1:1')
    expect(await lookup.isBreached(BREACHED)).toBe(false)
    expect(lines.join('')).not.toMatch(new RegExp(`horse|secret|${sha1(BREACHED).slice(0, 5)}`))
  })

  test('without an address asks nobody', async () => {
    const { lookup, lines } = lookupOn(undefined)
    expect(await lookup.isBreached('password')).toBe(false)
    expect(lines).toEqual([])
  })
})

/** The look-up, and what it logs, against a server of the test's. */
async function lookupAt(listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    server.closeAllConnections()
    await once(server.close(), 'close')
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server listens on no port.')
  return lookupOn(`http://127.0.0.1:${address.port}/pwned/`)
}

function lookupOn(baseUrl: string | undefined) {
  const lines: string[] = []
  const logger = pino({ level: 'trace' }, { write: (line: string) => lines.push(line) })
  return { lookup: openBreachLookup(baseUrl, logger), lines }
}

/** What the service answers: the rest of each hash that begins as asked, and how often it was seen. */
function rangeFor(request: IncomingMessage): string {
  const [, prefix] = request.url?.match(/\/range\/([0-9A-F]{5})(?:\?|$)/) ?? []
  const seen = [BREACHED, 'password'].map(sha1).filter((hash) => prefix !== undefined && hash.startsWith(prefix))
  return ['0018A45C4D1DEF81644B54AB7F969B88D65:1', ...seen.map((hash) => `${hash.slice(5)}:1234`)].join('\r\n')
}

function sha1(text: string): string {
  return createHash('sha1').update(text).digest('hex').toUpperCase()
}
