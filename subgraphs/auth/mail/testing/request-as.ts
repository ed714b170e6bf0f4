import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'

/** Asks a server as if it had another name, which `fetch` cannot do. A GET without a body, else a POST of JSON. */
export async function requestAs(
  host: string,
  url: string,
  options: { headers?: Record<string, string>; body?: string } = {},
): Promise<{ status: number | undefined; text: string }> {
  const { headers, body } = options
  const outgoing = request(url, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { ...headers, host, ...(body !== undefined && { 'content-type': 'application/json' }) },
  })
  outgoing.end(body)
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
  return { status: response.statusCode, text: await text(response) }
}
