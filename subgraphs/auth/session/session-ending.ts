import type { EntityManager } from '@mikro-orm/postgresql'
import { newUuid } from '../../../platform/ids.ts'
import type { User } from '../account/user.entity.ts'
import { Revocation } from './revocation.entity.ts'
import { Session, type SessionEnd } from './session.entity.ts'

/** Which open sessions. Ids are UUIDs. */
export type SessionSelection =
  | { readonly id: string }
  | { readonly user: string; readonly except?: string | undefined }
  | { readonly user: string; readonly id: string }

/**
 * Ends sessions before their time and refuses the access tokens they gave out: the row that ends and the row that
 * revokes are of the caller's transaction.
 */
export class SessionEnding {
  readonly #now: () => Date
  readonly #ring: () => void

  /** @param options.ring tells the other processes to read the revocation list now. */
  constructor(options: { now: () => Date; ring: () => void }) {
    this.#now = options.now
    this.#ring = options.ring
  }

  /**
   * Ends those of the selected sessions that are open. What ended a session first stays its reason.
   *
   * @param em of the transaction this belongs to.
   * @returns how many were ended.
   */
  async end(em: EntityManager, selection: SessionSelection, endReason: SessionEnd): Promise<number> {
    const now = this.#now()
    const ended = await em
      .createQueryBuilder(Session)
      .update({ endedAt: now, endReason })
      .where({ ...conditionOf(selection), endedAt: null })
      .returning('id')
      .execute<{ id: string }[]>('all')
    const revocations = ended.map(({ id }) => ({ id: newUuid(), sessionId: id, revokedAt: now }))
    if (revocations.length > 0) await em.insertMany(Revocation, revocations)
    return revocations.length
  }

  /** Refuses the access tokens a user has until now; their sessions stay, and refreshing gives new ones. */
  refuseOlderTokens(em: EntityManager, user: User): void {
    user.tokenVersion += 1
    em.create(Revocation, {
      id: newUuid(),
      userId: user.id,
      tokenVersion: user.tokenVersion,
      revokedAt: this.#now(),
    })
  }

  /** Call it after the commit: the other processes look at once. Without it they find out within a second. */
  ring(): void {
    this.#ring()
  }
}

function conditionOf(selection: SessionSelection) {
  if (!('user' in selection)) return { id: selection.id }
  if ('id' in selection) return { id: selection.id, user: selection.user }
  return { user: selection.user, ...(selection.except !== undefined && { id: { $ne: selection.except } }) }
}
