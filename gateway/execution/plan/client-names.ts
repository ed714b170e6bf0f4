import type { FetchDataRewrite } from '@apollo/query-planner'
import type { ResponsePath } from './target-path.ts'

/**
 * The response keys that the client knows, for those under which a fetch asks for fields that would clash otherwise.
 * The planner makes them unique within a fetch.
 */
export class ClientNames {
  readonly #names = new Map<string, string>()

  constructor(rewrites: readonly FetchDataRewrite[] | undefined) {
    for (const rewrite of rewrites ?? []) {
      const alias = rewrite.path.at(-1)
      if (rewrite.kind === 'KeyRenamer' && alias !== undefined) this.#names.set(alias, rewrite.renameKeyTo)
    }
  }

  /** An error's path in a subgraph's answer, as the client knows it. */
  translate(path: readonly (string | number)[]): ResponsePath {
    return path.map((key) => (typeof key === 'string' ? (this.#names.get(key) ?? key) : key))
  }
}
