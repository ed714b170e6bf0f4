import { ForwardedError } from '../../platform/graphql-errors.ts'
import type { SubgraphResponse } from './subgraph-response.ts'

/** Of one request: bodies stay far below what a subgraph accepts. */
const MAX_REPRESENTATIONS = 500

/** Requests of one fetch that run at once. */
const CONCURRENCY = 4

/**
 * Asks for any number of entities, in batches.
 *
 * @returns the answer that one request for all would have got.
 * @throws what the first batch that fails throws.
 */
export function askInBatches(representations: readonly object[], ask: AskForBatch): Promise<SubgraphResponse> {
  return representations.length <= MAX_REPRESENTATIONS ? ask(representations) : askForMany(representations, ask)
}

type AskForBatch = (batch: readonly object[]) => Promise<SubgraphResponse>

async function askForMany(representations: readonly object[], ask: AskForBatch): Promise<SubgraphResponse> {
  const batches = inSlices(representations)
  const answers: SubgraphResponse[] = []
  const waiting = batches.entries()
  let hasFailed = false
  const worker = async () => {
    for (const [index, batch] of waiting) {
      if (hasFailed) return
      answers[index] = await ask(batch)
    }
  }
  const working = Array.from({ length: CONCURRENCY }, worker)
  await Promise.all(working).catch((reason: unknown) => {
    hasFailed = true
    throw reason
  })
  return join(answers, batches)
}

function inSlices(representations: readonly object[]): (readonly object[])[] {
  const count = Math.ceil(representations.length / MAX_REPRESENTATIONS)
  return Array.from({ length: count }, (_, index) =>
    representations.slice(index * MAX_REPRESENTATIONS, (index + 1) * MAX_REPRESENTATIONS),
  )
}

/** Where a batch has no data its entities are null. */
function join(answers: readonly SubgraphResponse[], batches: readonly (readonly object[])[]): SubgraphResponse {
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
