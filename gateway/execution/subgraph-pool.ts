import type { Logger } from '../../platform/logging.ts'
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

/** Connections to subgraphs over HTTP: supergraphs that name the same subgraph at the same address share them. */
export class SubgraphPool {
  readonly #tools: { readonly signer: ServiceSigner | undefined; readonly logger: Logger }
  readonly #open = new Map<string, { readonly source: HttpDataSource; holders: number }>()

  constructor(tools: { readonly signer: ServiceSigner | undefined; readonly logger: Logger }) {
    this.#tools = tools
  }

  lease(subgraphs: readonly Subgraph[]): SubgraphLease {
    return {
      sources: new Map(subgraphs.map((subgraph) => [subgraph.name, this.#hold(subgraph)])),
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

  #hold(subgraph: Subgraph): SubgraphSource {
    const key = keyOf(subgraph)
    const known = this.#open.get(key) ?? { source: new HttpDataSource({ ...subgraph, ...this.#tools }), holders: 0 }
    known.holders += 1
    this.#open.set(key, known)
    return known.source
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
