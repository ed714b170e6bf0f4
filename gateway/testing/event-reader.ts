/** Reads the body of a response as text, however it is cut into pieces. */
export class EventReader {
  readonly response: Response
  readonly #reader: ReadableStreamDefaultReader<string>
  readonly #departure: AbortController
  #text = ''

  private constructor(response: Response, departure: AbortController) {
    this.response = response
    this.#departure = departure
    if (!response.body) throw new Error('The response has no body.')
    this.#reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  }

  /** Asks for server-sent events. */
  static async open(url: string, query: string, headers: Record<string, string> = {}): Promise<EventReader> {
    const departure = new AbortController()
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...headers },
      body: JSON.stringify({ query }),
      signal: departure.signal,
    })
    return new EventReader(response, departure)
  }

  /** The next block, without the empty line that ends it; undefined when the body has ended there. */
  async next(): Promise<string | undefined> {
    for (;;) {
      const end = this.#text.indexOf('\n\n')
      if (end >= 0) {
        const block = this.#text.slice(0, end)
        this.#text = this.#text.slice(end + 2)
        return block
      }
      const { done, value } = await this.#reader.read()
      if (done && this.#text === '') return undefined
      if (done) throw new Error(`The body breaks off after ${JSON.stringify(this.#text)}.`)
      this.#text += value
    }
  }

  /** All that is left. */
  async rest(): Promise<string[]> {
    const blocks: string[] = []
    for (let block = await this.next(); block !== undefined; block = await this.next()) blocks.push(block)
    return blocks
  }

  /** Goes without a word. */
  leave(): void {
    this.#departure.abort()
  }
}
