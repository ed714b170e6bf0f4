import type { Logger } from '../../platform/logging.ts'
import type { Metrics } from '../../platform/metrics.ts'
import type { ServiceSigner } from '../../platform/service-signature.ts'
import { HttpDataSource } from './http-data-source.ts'
import type { SubgraphSource } from './subgraph-source.ts'

/** A subgraph, and where it is. */
interface Subgraph {
  readonly name: string
  readonly url: string
}

/** The subgraphs of one supergraph, as long as it is served. */
export interface SubgraphLease {
  /** By their names. */
  readonly sources: ReadonlyMap<string, SubgraphSource>
  /** Closes the connections that no other lease uses, with whatever still waits for an answer. Call it once. */
  end(): Promise<void>
}

/** What every connection is made with. */
interface PoolTools {
  readonly signer: ServiceSigner | undefined
  readonly logger: Logger
  readonly metrics?: Metrics | undefined
}

interface Held {
  readonly source: HttpDataSource
  holders: number
}

/** Connections to subgraphs over HTTP: supergraphs that name the same subgraph at the same address share them. */
export class SubgraphPool {
  readonly #tools: PoolTools
  readonly #open = new Map<string, Held>()

  constructor(tools: PoolTools) {
    this.#tools = tools
  }

  /** @throws Error when one of the addresses is none; then nothing is held. */
  lease(subgraphs: readonly Subgraph[]): SubgraphLease {
    // All are made before one is held: what fails in between would hold those before it for ever.
    const held = subgraphs.map((subgraph) => ({ subgraph, entry: this.#find(subgraph) }))
    for (const { subgraph, entry } of held) {
      entry.holders += 1
      this.#open.set(keyOf(subgraph), entry)
    }
    return {
      sources: new Map(held.map(({ subgraph, entry }) => [subgraph.name, entry.source])),
      end: async () => {
        await Promise.all(subgraphs.map((subgraph) => this.#release(subgraph)))
      },
    }
  }

  /** Closes all connections, whoever uses them. */
  async close(): Promise<void> {
    const open = [...this.#open.values()]
    this.#open.clear()
    await Promise.all(open.map(({ source }) => source.close()))
  }

  /** What is open, or what is opened by its first call. */
  #find(subgraph: Subgraph): Held {
    const source = () => new HttpDataSource({ ...subgraph, ...this.#tools })
    return this.#open.get(keyOf(subgraph)) ?? { source: source(), holders: 0 }
  }

  async #release(subgraph: Subgraph): Promise<void> {
    const known = this.#open.get(keyOf(subgraph))
    if (!known) return
    known.holders -= 1
    if (known.holders > 0) return
    this.#open.delete(keyOf(subgraph))
    await known.source.close()
  }
}

function keyOf({ name, url }: Subgraph): string {
  return `${name} ${url}`
}
