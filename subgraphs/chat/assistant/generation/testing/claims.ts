import type { EntityManager } from '@mikro-orm/postgresql'
import type { AppendedEvents } from '../../../event-log/event-log.ts'
import type { Ledger } from '../../usage/ledger.ts'
import { appendChunks } from '../append-chunks.ts'
import { type BegunClaim, type ClaimOptions, claimNext } from '../claim.ts'
import { finish, type Outcome } from '../ending.ts'
import { type Claim, LeaseLostError } from '../generation-lease.ts'

/** Lets everybody have everything and books nothing. */
export const FREE: Ledger = {
  admits: async () => true,
  reserve: async (_em, _reply, { outputTokens }) => outputTokens,
  settle: async () => undefined,
  setAside: async (_em, _task, { outputTokens }) => outputTokens,
  book: async () => undefined,
}

/** Takes the oldest reply that may be taken, for a model that begins anew what another worker left unless told otherwise; null without one. */
export function claimReply(
  em: EntityManager,
  leaseMs = 60_000,
  canContinue: ClaimOptions['canContinue'] = () => false,
): Promise<BegunClaim | null> {
  return claimNext(em, { leaseMs, canContinue, ledger: FREE })
}

/**
 * Writes text of a claimed reply from this offset on.
 *
 * @throws LeaseLostError
 */
export async function addText(
  em: EntityManager,
  claim: Claim,
  { offset, text }: { offset: number; text: string },
  leaseMs = 60_000,
): Promise<void> {
  const { conversationId, id, attempt } = claim
  const [appended] = await appendChunks(em, [{ conversationId, id, attempt, offset, text }], leaseMs)
  if (appended?.verdict !== 'written') throw new LeaseLostError()
}

/** Ends a claimed reply, whole unless another outcome is given. */
export function finishReply(
  em: EntityManager,
  claim: Claim,
  outcome: Outcome = { status: 'COMPLETED', finishReason: 'stop' },
): Promise<AppendedEvents | null> {
  return finish(em, claim, { outcome, ledger: FREE })
}
