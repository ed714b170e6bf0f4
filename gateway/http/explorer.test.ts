import { describe, expect, it } from 'vitest'
import { startToyGateway } from '../testing/start-toy-gateway.ts'

/** As a browser that is sent there. */
async function visit(explorer: string) {
  const toy = await startToyGateway({ EXPLORER: explorer })
  const response = await fetch(toy.url, { headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } })
  const page = { status: response.status, type: response.headers.get('content-type'), text: await response.text() }
  await toy[Symbol.asyncDispose]()
  return page
}

describe('a browser that opens the address of the graph', () => {
  it('gets Apollo Sandbox, set up for this gateway over HTTP and sockets', async () => {
    const { status, type, text } = await visit('sandbox')
    expect(status).toBe(200)
    expect(type).toMatch('text/html')
    expect(text).toContain('embeddable-sandbox.umd.production.min.js')
    expect(text).toContain('initialSubscriptionEndpoint')
    expect(text).toContain('query Welcome')
  })

  it('gets an explorer that asks nothing of the internet and sends its headers on sockets', async () => {
    const { status, type, text } = await visit('offline')
    expect(status).toBe(200)
    expect(type).toMatch('text/html')
    expect(text).not.toMatch(/<(script|link)[^>]*(src|href)="https?:/)
    expect(text).toContain('"connectionParams":() => window.headersPane()')
    expect(text).toContain('query Welcome')
  })

  it('gets nothing when explorers are off', async () => {
    const { status, type, text } = await visit('off')
    expect(status).toBe(404)
    expect(type).toMatch('application/json')
    expect(JSON.parse(text)).toMatchObject({ errors: [{ extensions: { code: 'NOT_FOUND' } }] })
  })
})
