import type { ServerResponse } from 'node:http'
import type { EndReason, ScriptedUsage, Wire } from './scripted-wire.ts'

/** One answer of a scripted model, as server-sent events. */
export class ModelAnswer {
  readonly #response: ServerResponse
  readonly #wire: Wire
  #calls = 0

  constructor(response: ServerResponse, wire: Wire) {
    this.#response = response
    this.#wire = wire
  }

  /** Resolves when the other side has let go of the answer, or it has ended. */
  get closed(): Promise<void> {
    return new Promise((resolve) => this.#response.once('close', resolve))
  }

  /** One delta of text. */
  say(content: string): this {
    return this.#events(this.#wire.text(content))
  }

  /**
   * Has a tool called.
   *
   * @param given its arguments; a text is sent as it is, JSON or not.
   * @param id the call's; else `call_1`, `call_2` and so on, anew in each answer.
   */
  call(name: string, given: unknown = {}, id = `call_${this.#calls + 1}`): this {
    const text = typeof given === 'string' ? given : JSON.stringify(given)
    this.#calls += 1
    return this.#events(this.#wire.call({ id, name, arguments: text }, this.#calls - 1))
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

  /** The end of a whole answer, for this reason: that of its calls when there were some, else that all is said. */
  finish(usage?: ScriptedUsage, reason: EndReason = this.#calls > 0 ? 'tool_calls' : 'stop'): void {
    this.#events(this.#wire.end(reason, usage)).bytes(Buffer.from(this.#wire.terminator)).close()
  }

  /** Ends the response in good order, with or without the end of the reply. */
  close(): void {
    this.#response.end()
  }

  /** Cuts the connection as soon as what was said has left. */
  cut(): void {
    this.#response.socket?.destroySoon()
  }

  /** Hangs up as a server does that was killed: the connection is reset (RFC 9293 §3.5.2). */
  reset(): void {
    this.#response.socket?.resetAndDestroy()
  }

  /** Refuses the request. The SDK tries again at once instead of after its own, longer pauses. */
  refuse(status: number, message: string, headers: Record<string, string> = { 'retry-after-ms': '1' }): void {
    this.#response.writeHead(status, { 'content-type': 'application/json', ...headers })
    this.#response.end(JSON.stringify({ error: { message, type: 'scripted', code: null } }))
  }

  /** Answers with this JSON at once, without a stream. */
  json(body: unknown): void {
    this.#response.writeHead(200, { 'content-type': 'application/json' })
    this.#response.end(JSON.stringify(body))
  }

  #events(events: unknown[]): this {
    for (const event of events) this.event(event)
    return this
  }
}
