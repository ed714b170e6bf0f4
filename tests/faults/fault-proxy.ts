import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type NetConnectOpts, type Server, type Socket } from 'node:net'
import type { Filter, LinkMode } from './link-mode.ts'
import { ProxiedConnection } from './proxied-connection.ts'

export interface FaultProxyOptions {
  /** Where a new connection may lead, in this order: the first that accepts it has it. */
  readonly route: () => readonly NetConnectOpts[]
  readonly filter?: () => Filter
  /** 0 to 1, for what happens by chance. */
  readonly random?: () => number
}

/** One TCP link on 127.0.0.1, with everything that can happen to a link. It begins by passing everything on. */
export class FaultProxy implements AsyncDisposable {
  readonly #server: Server
  readonly #options: FaultProxyOptions
  readonly #connections = new Set<ProxiedConnection>()
  #mode: LinkMode = { kind: 'pass' }

  private constructor(options: FaultProxyOptions) {
    this.#options = options
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => void this.#accept(client))
  }

  /** Listens on a free port. */
  static async start(options: FaultProxyOptions): Promise<FaultProxy> {
    const proxy = new FaultProxy(options)
    await once(proxy.#server.listen(0, '127.0.0.1'), 'listening')
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** How many connections cross it now. */
  get size(): number {
    return this.#connections.size
  }

  /** Of how many of them something was swallowed. */
  get torn(): number {
    return [...this.#connections].filter(({ isTorn }) => isTorn).length
  }

  /** From now on, on the connections there are and on new ones. */
  set(mode: LinkMode): void {
    this.#mode = mode
  }

  /** Resets every connection there is. */
  cut(): void {
    for (const connection of this.#connections) connection.reset()
  }

  /**
   * Everything passes again. Connections of which something was swallowed are reset, as by a firewall that has forgotten
   * them: to go on with the rest would be a fault that no network has.
   */
  heal(): void {
    this.#mode = { kind: 'pass' }
    for (const connection of this.#connections) if (connection.isTorn) connection.reset()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server.close(), 'close')
    this.cut()
    await closed
  }

  async #accept(client: Socket): Promise<void> {
    client.on('error', () => client.destroy())
    if (this.#mode.kind === 'refuse') return void client.resetAndDestroy()
    const connection = new ProxiedConnection(client, {
      mode: () => this.#mode,
      random: this.#options.random ?? Math.random,
      filter: this.#options.filter?.(),
    })
    this.#connections.add(connection)
    void connection.closed.then(() => this.#connections.delete(connection))
    // Into a hole nothing gets through, not even the beginning of a connection.
    if (this.#mode.kind === 'blackhole' && this.#mode.direction === undefined) return connection.swallow()
    const server = await this.#reach()
    if (server) connection.join(server)
    else connection.reset()
  }

  async #reach(): Promise<Socket | undefined> {
    for (const target of this.#options.route()) {
      const socket = connect({ ...target, allowHalfOpen: true, noDelay: true })
      const isThere = await new Promise<boolean>((resolve) => {
        socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
      })
      if (isThere) return socket
      socket.destroy()
    }
    return undefined
  }
}
