import type { OperationContext } from '../../operation-context.ts'
import type { SubgraphResponse } from '../../subgraph-response.ts'
import type { SubgraphRequest, SubgraphSource } from '../../subgraph-source.ts'

/** What a subgraph says to a request; it may take its time, or throw. */
export type Script = (request: SubgraphRequest) => SubgraphResponse | Promise<SubgraphResponse>

/** A subgraph that says what a test has written down for it. */
export class ScriptedSource implements SubgraphSource {
  readonly name: string
  readonly requests: SubgraphRequest[] = []
  readonly #script: Script

  constructor(name: string, script: Script) {
    this.name = name
    this.#script = script
  }

  async ask(request: SubgraphRequest, _context: OperationContext): Promise<SubgraphResponse> {
    this.requests.push(request)
    return this.#script(request)
  }
}

/** Answers each representation with an entity. */
export function entities(of: (representation: Record<string, unknown>) => unknown): Script {
  return ({ representations = [] }) => ({
    data: { _entities: representations.map((it) => of(it as Record<string, unknown>)) },
  })
}
