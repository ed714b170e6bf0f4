import type { Logger } from '../../platform/logging.ts'
import { ReopeningGate } from './reopening.ts'
import { UpstreamSocket, type UpstreamTimes } from './upstream-socket.ts'

/** The way to one subgraph. */
export interface Upstream {
  readonly url: string
  /** Of the URL; what is signed names it. */
  readonly path: string
  readonly socket: UpstreamSocket
  readonly gate: ReopeningGate
}

type Subgraphs = readonly { readonly name: string; readonly url: string }[]

/** The ways to all subgraphs that are served. */
export class Upstreams {
  readonly #options: { readonly logger: Logger; readonly times: UpstreamTimes }
  #byName: ReadonlyMap<string, Upstream> = new Map()

  constructor(subgraphs: Subgraphs, options: { readonly logger: Logger; readonly times: UpstreamTimes }) {
    this.#options = options
    this.replace(subgraphs)
  }

  /** How many subscriptions run, or wait for a connection. */
  get size(): number {
    return [...this.#byName.values()].reduce((sum, { socket }) => sum + socket.size, 0)
  }

  /** Undefined when there is no such subgraph. */
  find(subgraph: string): Upstream | undefined {
    return this.#byName.get(subgraph)
  }

  /** @throws Error when there is no such subgraph. */
  of(subgraph: string): Upstream {
    const upstream = this.#byName.get(subgraph)
    if (!upstream) throw new Error(`No socket for the subgraph ${subgraph}.`)
    return upstream
  }

  /**
   * Serves other subgraphs from now on. What leads to one that stays where it was stays open.
   *
   * @returns by the names of their subgraphs, those that are not used any more: close them when nothing runs over them.
   */
  replace(subgraphs: Subgraphs): ReadonlyMap<string, Upstream> {
    const before = this.#byName
    this.#byName = new Map(
      subgraphs.map(({ name, url }) => {
        const known = before.get(name)
        return [name, known?.url === url ? known : this.#open(url)]
      }),
    )
    return new Map([...before].filter(([name, upstream]) => this.#byName.get(name) !== upstream))
  }

  /** Drops every connection; what still runs over one is lost. */
  close(): void {
    for (const { socket } of this.#byName.values()) socket.close()
  }

  #open(url: string): Upstream {
    const socket = new UpstreamSocket({ url, ...this.#options })
    return { url, path: new URL(url).pathname, socket, gate: new ReopeningGate() }
  }
}
