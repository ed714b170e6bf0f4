import type { JsonObject } from './own-property.ts'
import type { DistinctRepresentations, Representations } from './representations.ts'
import type { TargetPath, Targets } from './target-path.ts'

/** The targets of a fetch, and what it asks for to add to them. */
export interface FoundEntities {
  readonly targets: Targets
  readonly entities: DistinctRepresentations
}

/** The entities at a path, as several fetches of a plan may require them: one object for all of these. */
export class WantedEntities {
  readonly path: TargetPath
  readonly #representations: Representations

  constructor(path: TargetPath, representations: Representations) {
    this.path = path
    this.#representations = representations
  }

  /**
   * Those that are there now.
   *
   * @param found since something was added to the data: what has been looked for is not looked for again.
   */
  in(data: JsonObject, found: Map<WantedEntities, FoundEntities>): FoundEntities {
    const known = found.get(this)
    if (known) return known
    const entities = this.among(this.path.targetsIn(data))
    found.set(this, entities)
    return entities
  }

  /** Those that some targets are. */
  among(targets: Targets): FoundEntities {
    return { targets, entities: this.#representations.of(targets.objects) }
  }
}
