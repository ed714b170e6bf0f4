import { ForwardedError } from '../../platform/graphql-errors.ts'
import type { SubgraphResponse } from './subgraph-response.ts'

/** Of one request: bodies stay far below what a subgraph accepts. */
const MAX_REPRESENTATIONS = 500

/** Requests of one fetch that run at once. */
const CONCURRENCY = 4

/** How the query planner asks for entities. A client may well give a variable of its own the same name. */
const ENTITIES = /\{\s*_entities\(\s*representations:\s*\$representations\s*\)/

/** The entities that a request asks for, by their representations; undefined when it does not ask for entities. */
export function representationsIn(query: string, variables: Record<string, unknown>): unknown[] | undefined {
  const { representations } = variables
  return Array.isArray(representations) && ENTITIES.test(query) ? representations : undefined
}

/**
 * Asks for any number of entities, in batches.
 *
 * @returns the answer that one request for all would have got.
 * @throws what the first batch that fails throws.
 */
export async function askInBatches(
  representations: readonly unknown[],
  ask: (batch: readonly unknown[]) => Promise<SubgraphResponse>,
): Promise<SubgraphResponse> {
  if (representations.length <= MAX_REPRESENTATIONS) return ask(representations)
  const batches = inSlices(representations)
  const answers: SubgraphResponse[] = []
  const waiting = batches.entries()
  const worker = async () => {
    for (const [index, batch] of waiting) answers[index] = await ask(batch)
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, worker))
  return join(answers, batches)
}

function inSlices(representations: readonly unknown[]): (readonly unknown[])[] {
  const count = Math.ceil(representations.length / MAX_REPRESENTATIONS)
  return Array.from({ length: count }, (_, index) =>
    representations.slice(index * MAX_REPRESENTATIONS, (index + 1) * MAX_REPRESENTATIONS),
  )
}

/** Where a batch has no data its entities are null. */
function join(answers: readonly SubgraphResponse[], batches: readonly (readonly unknown[])[]): SubgraphResponse {
  const entities = answers.flatMap(({ data }, index) => data?._entities ?? batches[index]?.map(() => null))
  const errors = answers.flatMap((answer, index) =>
    (answer.errors ?? []).map((error) => moved(error, index * MAX_REPRESENTATIONS)),
  )
  return {
    data: answers.some(({ data }) => data !== null) ? { _entities: entities } : null,
    ...(errors.length > 0 && { errors }),
  }
}

/** @param by how many entities come before the error's batch. */
function moved(error: ForwardedError, by: number): ForwardedError {
  const [field, index, ...rest] = error.path ?? []
  if (field === undefined || typeof index !== 'number') return error
  return new ForwardedError({ code: error.code, message: error.message, path: [field, index + by, ...rest] })
}
