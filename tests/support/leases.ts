import { administer } from './administer.ts'
import { rowsOf } from './database-content.ts'

/** A reply that a worker writes, with the attempt that is its own. */
export interface HeldReply {
  readonly id: string
  readonly attempt: number
}

/** The replies that workers write now. */
export function heldReplies(databaseUrl: string): Promise<HeldReply[]> {
  return rowsOf(databaseUrl, `SELECT id, attempt FROM chat.generation WHERE status = 'RUNNING'`)
}

/**
 * As if so much time had gone by since the workers of these replies renewed their leases.
 *
 * @returns of how many: not of those that were taken over or ended meanwhile.
 */
export async function letLeasesRunOut(databaseUrl: string, held: readonly HeldReply[]): Promise<number> {
  const { rowCount } = await administer(
    databaseUrl,
    `UPDATE chat.generation SET lease_until = now() - interval '1 s'
     FROM unnest($1::uuid[], $2::integer[]) AS held(id, attempt)
     WHERE generation.id = held.id AND generation.attempt = held.attempt AND status = 'RUNNING'`,
    [held.map(({ id }) => id), held.map(({ attempt }) => attempt)],
  )
  return rowCount ?? 0
}
