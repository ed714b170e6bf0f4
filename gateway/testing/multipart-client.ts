/** A part's JSON. */
type Part = Record<string, unknown>

const CRLF = '\r\n'

/**
 * Reads the multipart body of a response as RFC 2046 §5.1.1 writes it, and takes nothing else: no preamble, no epilogue,
 * `content-type: application/json` as the one header of each part. As Apollo's clients do, it looks at a part when it has
 * read the delimiter behind it.
 */
export class MultipartClient {
  readonly response: Response
  readonly #delimiter: string
  readonly #partHead: string
  readonly #reader: ReadableStreamDefaultReader<string>
  readonly #departure: AbortController
  #text = ''
  #hasBegun = false

  private constructor(response: Response, departure: AbortController, protocol: Protocol) {
    this.response = response
    this.#departure = departure
    this.#delimiter = `${CRLF}--${boundaryOf(response.headers.get('content-type'), protocol)}`
    this.#partHead = `${CRLF}content-type: ${protocol.partType}${CRLF}${CRLF}`
    if (!response.body) throw new Error('The response has no body.')
    this.#reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  }

  /** Subscribes; fails when the response is not multipart. */
  static subscribe(url: string, payload: object, headers: Record<string, string> = {}): Promise<MultipartClient> {
    return MultipartClient.open(SUBSCRIPTIONS, url, payload, headers)
  }

  /** Posts an operation; fails when the response is not multipart of that protocol. */
  static async open(
    protocol: Protocol,
    url: string,
    payload: object,
    headers: Record<string, string> = {},
  ): Promise<MultipartClient> {
    const departure = new AbortController()
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: protocol.accept, ...headers },
      body: JSON.stringify(payload),
      signal: departure.signal,
    })
    return new MultipartClient(response, departure, protocol)
  }

  /** The next part that is no heartbeat; undefined when the final boundary was read and the body ended there. */
  async next(): Promise<Part | undefined> {
    for (;;) {
      const part = await this.nextOfAny()
      if (!part || Object.keys(part).length > 0) return part
    }
  }

  /** The next part, be it a heartbeat. */
  async nextOfAny(): Promise<Part | undefined> {
    if (!this.#hasBegun) await this.#expectText(this.#delimiter)
    this.#hasBegun = true
    await this.#have(2)
    if (this.#text.startsWith('--')) return this.#expectEnd()
    await this.#expectText(this.#partHead)
    while (!this.#text.includes(this.#delimiter)) await this.#readOn()
    const end = this.#text.indexOf(this.#delimiter)
    const part = JSON.parse(this.#text.slice(0, end))
    this.#text = this.#text.slice(end + this.#delimiter.length)
    return part
  }

  /** Goes without a word. */
  leave(): void {
    this.#departure.abort()
  }

  async #expectEnd(): Promise<undefined> {
    await this.#expectText(`--${CRLF}`)
    const { done, value } = await this.#reader.read()
    if (this.#text !== '' || !done) throw new Error(`There is an epilogue: ${this.#text}${value}`)
  }

  async #expectText(expected: string): Promise<void> {
    await this.#have(expected.length)
    const found = this.#text.slice(0, expected.length)
    if (found !== expected) throw new Error(`Expected ${JSON.stringify(expected)}, read ${JSON.stringify(found)}.`)
    this.#text = this.#text.slice(expected.length)
  }

  async #have(characters: number): Promise<void> {
    while (this.#text.length < characters) await this.#readOn()
  }

  async #readOn(): Promise<void> {
    const { done, value } = await this.#reader.read()
    if (done) throw new Error(`The body breaks off after ${JSON.stringify(this.#text)}.`)
    this.#text += value
  }
}

/** What a client asks for, and the answer must then be. */
interface Protocol {
  readonly accept: string
  /** With the boundary as its first group. */
  readonly contentType: RegExp
  readonly partType: string
}

const SUBSCRIPTIONS: Protocol = {
  // As Apollo Client 3.8 and later send it with a subscription.
  accept: 'multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json',
  contentType: /^multipart\/mixed;boundary="([^"]+)";subscriptionSpec=1\.0$/,
  partType: 'application/json',
}

const INCREMENTAL_PART = 'application/json; charset=utf-8'

export const DEFER_2022: Protocol = {
  // As Apollo Client 3.7 and later send it with every query.
  accept: 'multipart/mixed;deferSpec=20220824,application/json',
  contentType: /^multipart\/mixed; boundary="([^"]+)"; deferSpec=20220824$/,
  partType: INCREMENTAL_PART,
}

export const INCREMENTAL_0_2: Protocol = {
  // As Apollo Client 4 sends it with its GraphQL17Alpha9Handler.
  accept: 'multipart/mixed;incrementalSpec=v0.2,application/graphql-response+json,application/json;q=0.9',
  contentType: /^multipart\/mixed; boundary="([^"]+)"; incrementalSpec=v0\.2$/,
  partType: INCREMENTAL_PART,
}

function boundaryOf(contentType: string | null, protocol: Protocol): string {
  const [, boundary] = protocol.contentType.exec(contentType ?? '') ?? []
  if (boundary === undefined) throw new Error(`The content type is ${contentType}.`)
  return boundary
}
