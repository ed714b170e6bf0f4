import { createHash, randomBytes } from 'node:crypto'
import type { LockMode } from '@mikro-orm/core'
import type { EntityManager } from '@mikro-orm/postgresql'
import { UserFault } from '../../../platform/user-fault.ts'
import { User } from '../account/user.entity.ts'
import { MailedToken, type MailedTokenPurpose } from './mailed-token.entity.ts'

const TOKEN_BYTES = 32
const FORMAT = /^[\w-]{43}$/

/** Whom a mailed token is for, by UUID. */
export type MailedTokenOwner = { readonly user: string } | { readonly pendingSignUp: string }

/**
 * Makes a token: 256 random bits in base64url, of which the database keeps a digest.
 *
 * @param em of a transaction that is committed before the mail is sent.
 */
export async function issueMailedToken(
  em: EntityManager,
  token: { purpose: MailedTokenPurpose; emailKey: string; owner: MailedTokenOwner; expiresAt: Date },
): Promise<string> {
  const text = randomBytes(TOKEN_BYTES).toString('base64url')
  const { owner, ...rest } = token
  await em.insert(MailedToken, { digest: digestOf(text), user: null, pendingSignUp: null, ...owner, ...rest })
  return text
}

/**
 * The token that a person brought from a mail. It stays good.
 *
 * @throws UserFault INVALID_TOKEN when it is unknown, for something else, spent or expired.
 */
export async function findMailedToken(
  em: EntityManager,
  { text, purpose, now }: { text: string; purpose: MailedTokenPurpose; now: Date },
): Promise<MailedToken> {
  const condition = { digest: digestOf(text), purpose, expiresAt: { $gt: now } }
  const found = FORMAT.test(text) && (await em.findOne(MailedToken, condition, { disableIdentityMap: true }))
  if (found) return found
  throw invalidMailedToken()
}

/**
 * The user whom a token was mailed to, as they are now.
 *
 * @throws UserFault INVALID_TOKEN when the account is gone, or has another address by now.
 */
export async function findTokenOwner(em: EntityManager, token: MailedToken, lockMode?: LockMode): Promise<User> {
  const { user: owner, emailKey } = token
  const options = { refresh: true, ...(lockMode !== undefined && { lockMode }) }
  const user = owner && (await em.findOne(User, { id: owner.id, emailKey }, options))
  if (user) return user
  throw invalidMailedToken()
}

/**
 * Spends a token: of all who bring it at once, one does, when their transaction is committed.
 *
 * @throws UserFault INVALID_TOKEN when somebody else was faster.
 */
export async function spendMailedToken(em: EntityManager, { digest }: MailedToken): Promise<void> {
  if ((await em.nativeDelete(MailedToken, { digest })) === 0) throw invalidMailedToken()
}

/**
 * Takes back what leads to a new password of a user: tokens that were mailed, and mails that are still to be written.
 *
 * @param em of a transaction that has locked the user's row for writing: a mail that is being written at the same moment
 *   is either waited for and taken back too, or not written.
 */
export async function forgetResetTokens(em: EntityManager, userId: string): Promise<void> {
  await em.nativeDelete(MailedToken, { user: userId, purpose: 'RESET_PASSWORD' })
  await em.execute(
    `DELETE FROM auth.mail_job
     WHERE kind = 'RESET_PASSWORD' AND email_key = (SELECT email_key FROM auth.user WHERE id = ?)`,
    [userId],
  )
}

/** The same words whatever is wrong with the token. */
export function invalidMailedToken(): UserFault {
  return new UserFault('INVALID_TOKEN', 'This link is wrong, too old, or was used before; ask for a new mail.', [
    'input',
    'token',
  ])
}

/** 256 random bits need no slow hash. */
function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
