import type { OutgoingHttpHeaders } from 'node:http'
import type { FastifyReply } from 'fastify'
import type { ClientPatience } from '../sessions/client-patience.ts'
import type { Timers } from '../upstream/timers.ts'
import type { StreamFormat } from './stream-format.ts'

/** What a response is written with. */
export interface ResponseStreamOptions {
  readonly format: StreamFormat
  readonly patience: ClientPatience
  readonly timers: Timers
  /** Called once, when the client has all of it or has gone. */
  onOver(): void
}

/**
 * The body of one response, written piece by piece. A client of which the kernel takes nothing for too long is cut off:
 * its own end is full.
 */
export class ResponseStream {
  readonly #reply: FastifyReply
  readonly #options: ResponseStreamOptions
  readonly #end = () => this.#over()
  /** Pieces that the kernel has not taken yet. */
  #waiting = 0
  #isOver = false
  #cancelHeartbeat = () => {}
  #cancelGivingUp = () => {}

  /** Takes the response over from Fastify, with the headers that it has so far. */
  constructor(reply: FastifyReply, options: ResponseStreamOptions) {
    this.#reply = reply
    this.#options = options
    reply.hijack()
    const { raw, request } = reply
    raw.on('close', this.#end)
    raw.on('error', () => {})
    // A response that waits for the one before it on the same connection is not told when that closes.
    request.raw.socket.on('close', this.#end)
    raw.writeHead(200, {
      ...(reply.getHeaders() as OutgoingHttpHeaders),
      'content-type': options.format.contentType,
      'cache-control': 'no-store',
      // nginx, and what is modelled on it, would hold events back until they fill a buffer.
      'x-accel-buffering': 'no',
    })
    void this.#write(options.format.opening)
    this.#scheduleHeartbeat()
  }

  get isOpen(): boolean {
    return !this.#isOver && !this.#reply.raw.writableEnded
  }

  /** @returns when the kernel has taken the result, or the client has gone. */
  send(json: string): Promise<void> {
    return this.isOpen ? this.#write(this.#options.format.result(json)) : Promise.resolve()
  }

  /** There are no more results. */
  complete(): void {
    this.#finish(this.#options.format.completion)
  }

  /** Sends the client to another process, and closes the connection behind it. */
  sendAway(): void {
    const { raw, request } = this.#reply
    const { socket } = request.raw
    raw.once('finish', () => socket.destroySoon())
    this.#finish(this.#options.format.goingAway(request.id))
  }

  /** Cuts the connection. */
  terminate(): void {
    this.#reply.request.raw.socket.destroy()
    this.#over()
  }

  #write(text: string): Promise<void> {
    return new Promise((resolve) => {
      this.#sent()
      this.#reply.raw.write(text, () => {
        this.#taken()
        resolve()
      })
    })
  }

  #finish(text: string): void {
    if (!this.isOpen) return
    this.#cancelHeartbeat()
    this.#sent()
    this.#reply.raw.end(text, () => this.#taken())
  }

  #sent(): void {
    this.#waiting += 1
    if (this.#waiting === 1) this.#scheduleGivingUp()
  }

  #taken(): void {
    this.#waiting -= 1
    this.#cancelGivingUp()
    if (this.#waiting > 0 && !this.#isOver) this.#scheduleGivingUp()
  }

  #scheduleGivingUp(): void {
    const { timers, patience } = this.#options
    this.#cancelGivingUp = timers.after(patience.stalledMs, () => this.terminate())
  }

  #scheduleHeartbeat(): void {
    const { timers, patience, format } = this.#options
    this.#cancelHeartbeat = timers.after(patience.pingIntervalMs, () => {
      // Behind what waits, it would tell nobody anything.
      if (this.#waiting === 0) void this.#write(format.heartbeat)
      this.#scheduleHeartbeat()
    })
  }

  #over(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#cancelHeartbeat()
    this.#cancelGivingUp()
    this.#reply.request.raw.socket.off('close', this.#end)
    this.#options.onOver()
  }
}
