import { ForbiddenError } from '../../../platform/errors.ts'
import { type Permission, permissionsOf, type Role } from './role.ts'

/** Who wants to do something. */
export interface Actor {
  /** A UUID. */
  readonly id: string
  readonly roles: readonly Role[]
}

type Rule = (actor: Actor, subjectId: string | undefined) => boolean

const whoeverHas =
  (permission: Permission): Rule =>
  (actor) =>
    permissionsOf(actor.roles).has(permission)

const themselvesOrWhoeverHas =
  (permission: Permission): Rule =>
  (actor, subjectId) =>
    actor.id === subjectId || whoeverHas(permission)(actor, subjectId)

/** Who may do what; read each line as a sentence. What is not here everybody may do who is signed in, to themselves. */
const POLICY = {
  'see the private side of a user': themselvesOrWhoeverHas('USERS_READ'),
  'list users': whoeverHas('USERS_READ'),
  'create a user': whoeverHas('USERS_WRITE'),
  'change a user': whoeverHas('USERS_WRITE'),
  'suspend or restore a user': whoeverHas('USERS_WRITE'),
  'delete a user': whoeverHas('USERS_WRITE'),
  "end a user's sessions": whoeverHas('USERS_WRITE'),
  'give roles': whoeverHas('ROLES_WRITE'),
  'read the audit log': whoeverHas('AUDIT_READ'),
  'introspect a token of': themselvesOrWhoeverHas('TOKENS_INTROSPECT'),
} satisfies Record<string, Rule>

/** What the policy speaks of. */
export type Deed = keyof typeof POLICY

/** Whether the policy lets somebody do this, to this user where it is done to one. */
export function may(actor: Actor, deed: Deed, subjectId?: string): boolean {
  return POLICY[deed](actor, subjectId)
}

/** @throws ForbiddenError unless the policy lets them. */
export function requireRight(actor: Actor, deed: Deed, subjectId?: string): void {
  if (!may(actor, deed, subjectId)) throw new ForbiddenError(`You lack the right to ${deed}.`)
}
