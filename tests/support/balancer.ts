import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

const LOOK_EVERY_MS = 50
const ANSWER_MS = 2_000

/**
 * A load balancer of connections (layer 4) before processes of one role: it asks each whether it is ready, leads new
 * connections in turn to those that are, and to the next where one is refused. Where none is, all are tried, as Envoy does below its
 * panic threshold. Connections that there are stay where they are.
 */
export class Balancer implements AsyncDisposable {
  readonly #targets: readonly URL[]
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #looking: NodeJS.Timeout
  #ready: readonly URL[]
  #turn = 0

  private constructor(urls: readonly string[]) {
    this.#targets = urls.map((url) => new URL(url))
    this.#ready = this.#targets
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => void this.#lead(client))
    this.#looking = setInterval(() => void this.#look(), LOOK_EVERY_MS)
  }

  /** @param urls of processes that are ready. */
  static async start(urls: readonly string[]): Promise<Balancer> {
    const balancer = new Balancer(urls)
    await once(balancer.#server.listen(0, '127.0.0.1'), 'listening')
    return balancer
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#looking)
    const closed = once(this.#server.close(), 'close')
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  async #look(): Promise<void> {
    const answers = this.#targets.map(async (target) => {
      const signal = AbortSignal.timeout(ANSWER_MS)
      const headers = { connection: 'close' }
      return (await fetch(new URL('/ready', target), { signal, headers }).catch(() => undefined))?.ok ? [target] : []
    })
    const ready = (await Promise.all(answers)).flat()
    this.#ready = ready.length > 0 ? ready : this.#targets
  }

  async #lead(client: Socket): Promise<void> {
    this.#keep(client)
    this.#turn += 1
    const ready = this.#ready
    for (let tries = 0; tries < ready.length; tries += 1) {
      const server = await this.#reach(ready[(this.#turn + tries) % ready.length])
      if (!server) continue
      client.pipe(server).pipe(client)
      client.once('close', () => server.destroy())
      server.once('close', () => client.destroy())
      return
    }
    client.resetAndDestroy()
  }

  #reach(target: URL | undefined): Promise<Socket | undefined> {
    const socket = connect({ host: '127.0.0.1', port: Number(target?.port), allowHalfOpen: true, noDelay: true })
    this.#keep(socket)
    return new Promise((resolve) => {
      socket.once('connect', () => resolve(socket)).once('error', () => resolve(undefined))
    })
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => socket.destroy()).once('close', () => this.#sockets.delete(socket))
  }
}
