import { ForbiddenError } from '../../../../platform/errors.ts'
import type { MessageStanding } from '../../message/policy.ts'

/** How somebody stands to a reply of the assistant. */
export interface ReplyStanding extends MessageStanding {
  /** Who asked for the version that it shows, which need not be who asked the question; null once they are gone. */
  readonly requesterId: string | null
}

/** Who may end a reply, ask for it anew or for more of it, and choose what it shows. */
function mayControl({ viewer, role, askerId, requesterId }: ReplyStanding): boolean {
  if (role === null) return false
  return role === 'OWNER' || role === 'ADMIN' || askerId === viewer.userId || requesterId === viewer.userId
}

/**
 * Refuses what the policy does not allow. Whoever may not even see the reply is to be told NOT_FOUND before.
 *
 * @throws ForbiddenError
 */
export function requireControl(standing: ReplyStanding): void {
  if (!mayControl(standing)) throw new ForbiddenError('You lack the right to control the reply.')
}
