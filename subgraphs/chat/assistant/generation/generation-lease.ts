import { type EntityManager, raw } from '@mikro-orm/postgresql'
import { Generation } from './generation.entity.ts'

/** Another worker has the reply now, or it has ended: whatever this one still has to say is refused. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError'

  constructor() {
    super('The lease on this reply is lost.')
  }
}

/** A reply that this process writes, fenced by its attempt. */
export interface Claim extends Pick<Generation, 'conversationId' | 'id' | 'messageId' | 'model' | 'attempt'> {
  /** Who asked for it, a UUID; null once their account was deleted. */
  readonly requestedBy: string | null
}

/**
 * Locks the reply until the transaction ends: no other worker takes it, and nobody ends it.
 *
 * @throws LeaseLostError
 */
export async function lockClaimed(transaction: EntityManager, claim: Claim): Promise<void> {
  const rows = await transaction.execute(
    `SELECT FROM chat.generation WHERE conversation_id = ? AND id = ? AND attempt = ? AND status = 'RUNNING'
     FOR NO KEY UPDATE`,
    [claim.conversationId, claim.id, claim.attempt],
  )
  if (rows.length === 0) throw new LeaseLostError()
}

/** Whether the reply is still this worker's. */
export async function isStillHeld(em: EntityManager, { conversationId, id, attempt }: Claim): Promise<boolean> {
  return (await em.count(Generation, { conversationId, id, attempt, status: 'RUNNING' })) > 0
}

/**
 * Leaves the reply to the next worker at once, as one that died would have: it counts among those that were lost.
 *
 * @throws LeaseLostError
 */
export function giveUp(em: EntityManager, claim: Claim): Promise<void> {
  return leave(em, claim, { leaseUntil: raw('now()') })
}

/**
 * Hands the reply to the next worker at once.
 *
 * @throws LeaseLostError
 */
export function handOver(em: EntityManager, claim: Claim): Promise<void> {
  return leave(em, claim, { leaseUntil: null, waitingSince: raw('now()') })
}

async function leave(
  em: EntityManager,
  { conversationId, id, attempt }: Claim,
  change: Parameters<typeof em.nativeUpdate<Generation>>[2],
): Promise<void> {
  const held = { conversationId, id, attempt, status: 'RUNNING' as const }
  if ((await em.nativeUpdate(Generation, held, change)) === 0) throw new LeaseLostError()
}
