import type { EntityManager } from '@mikro-orm/postgresql'
import { BEFORE_ALL } from '../../../platform/ids.ts'

/** For so long as one statement takes, nobody writes in these conversations. */
const BATCH = 5_000

/**
 * Begins a new run of every conversation's event log, so that no cursor from before is honoured: whoever comes back with
 * one is told `Reset`. Batch by batch; to be made anew from the beginning when it was interrupted. What a second one
 * renews once more at the same time does no harm.
 *
 * @param fork a new entity manager for each batch.
 * @returns how many conversations there were.
 * @throws the signal's reason when it is aborted in between.
 */
export async function renewEpochs(fork: () => EntityManager, signal?: AbortSignal): Promise<number> {
  let total = 0
  for (let last: string | undefined = BEFORE_ALL; last !== undefined; ) {
    signal?.throwIfAborted()
    const renewed: Renewed | undefined = await renewBatch(fork(), last)
    total += renewed?.count ?? 0
    last = renewed?.last
  }
  return total
}

interface Renewed {
  readonly count: number
  /** The last conversation of the batch, a UUID. */
  readonly last: string
}

/** Locks in the order of ids, so that two of them wait for each other in one direction only. */
function renewBatch(em: EntityManager, after: string): Promise<Renewed | undefined> {
  return em.transactional(async (transaction) => {
    // It may wait for whoever writes in one of the conversations.
    await transaction.execute('SET LOCAL statement_timeout = 0')
    const [renewed] = await transaction.execute<Renewed[]>(
      `WITH batch AS (
         SELECT id FROM chat.conversation WHERE id > ? ORDER BY id LIMIT ${BATCH} FOR NO KEY UPDATE
       ), renewed AS (
         UPDATE chat.conversation SET epoch = gen_random_uuid() FROM batch WHERE conversation.id = batch.id
       )
       SELECT id AS last, (SELECT count(*)::integer FROM batch) AS count FROM batch ORDER BY id DESC LIMIT 1`,
      [after],
    )
    return renewed
  })
}
