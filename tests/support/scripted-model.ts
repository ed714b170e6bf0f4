import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** What the graph asked the model. */
export interface ModelRequest {
  readonly authorization: string | undefined
  readonly model: string
  readonly messages: { readonly role: string; readonly content: string }[]
  readonly temperature?: number
  readonly max_completion_tokens?: number
}

/** What the model does with one request. An answer that is still open when it returns stays open: a stall. */
export type Script = (answer: ModelAnswer, request: ModelRequest) => void | Promise<void>

/** An OpenAI-compatible server (`POST /chat/completions`, streaming) that does what the test says, byte by byte. */
export interface ScriptedModel extends AsyncDisposable {
  /** For OPENAI_BASE_URL. */
  readonly baseUrl: string
  /** Every request so far, in order. */
  readonly requests: readonly ModelRequest[]
  /** What to do with the requests from now on. */
  answerWith(script: Script): void
}

export async function startScriptedModel(): Promise<ScriptedModel> {
  let script: Script = (answer) => answer.say('Hello.').finish()
  const requests: ModelRequest[] = []
  const server = createServer(async (request, response) => {
    const asked = await readRequest(request)
    requests.push(asked)
    await script(new ModelAnswer(response), asked)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    requests,
    answerWith(next) {
      script = next
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** One answer of the model, as server-sent events. */
export class ModelAnswer {
  readonly #response: ServerResponse

  constructor(response: ServerResponse) {
    this.#response = response
  }

  /** Resolves when the other side has let go of the answer, or it has ended. */
  get closed(): Promise<void> {
    return new Promise((resolve) => this.#response.once('close', resolve))
  }

  /** One delta of text. */
  say(content: string): this {
    return this.event({ choices: [{ index: 0, delta: { content }, finish_reason: null }] })
  }

  /** One server-sent event with this JSON. */
  event(chunk: unknown): this {
    return this.bytes(Buffer.from(`data: ${JSON.stringify(chunk)}\n\n`))
  }

  /** Bytes of the stream, whatever they are. */
  bytes(bytes: Uint8Array): this {
    if (!this.#response.headersSent) this.#response.writeHead(200, { 'content-type': 'text/event-stream' })
    this.#response.write(bytes)
    return this
  }

  /** The end of a whole reply. */
  finish(usage?: { prompt_tokens: number; completion_tokens: number }): void {
    this.event({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })
    if (usage) this.event({ choices: [], usage: { ...usage, total_tokens: 0 } })
    this.bytes(Buffer.from('data: [DONE]\n\n')).close()
  }

  /** Ends the response in good order, with or without the end of the reply. */
  close(): void {
    this.#response.end()
  }

  /** Cuts the connection as soon as what was said has left. */
  cut(): void {
    this.#response.socket?.destroySoon()
  }

  /** Refuses the request. */
  refuse(status: number, message: string): void {
    // The SDK tries again at once instead of after its own, longer pauses.
    this.#response.writeHead(status, { 'content-type': 'application/json', 'retry-after-ms': '1' })
    this.#response.end(JSON.stringify({ error: { message, type: 'scripted', code: null } }))
  }
}

async function readRequest(request: IncomingMessage): Promise<ModelRequest> {
  return { authorization: request.headers.authorization, ...JSON.parse(await text(request)) }
}
