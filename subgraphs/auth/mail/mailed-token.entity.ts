import { defineEntity, p } from '@mikro-orm/core'
import { PendingSignUp } from '../account/pending-sign-up.entity.ts'
import { User } from '../account/user.entity.ts'

/** What a mailed token is good for. */
export type MailedTokenPurpose = 'VERIFY_EMAIL' | 'RESET_PASSWORD'

const MailedTokenSchema = defineEntity({
  name: 'MailedToken',
  tableName: 'mailed_token',
  checks: [{ name: 'mailed_token_has_one_owner', expression: '(user_id is null) <> (pending_sign_up_id is null)' }],
  properties: {
    /** SHA-256 of the token. */
    digest: p.blob().primary(),
    purpose: p.text().$type<MailedTokenPurpose>(),
    /** The address it was sent to: when the account has another one by now, the token proves nothing. */
    emailKey: p.text(),
    user: () =>
      p
        .manyToOne(User)
        .fieldName('user_id')
        .nullable()
        .index('mailed_token_user_index')
        .updateRule('no action')
        .deleteRule('cascade'),
    pendingSignUp: () =>
      p
        .manyToOne(PendingSignUp)
        .fieldName('pending_sign_up_id')
        .nullable()
        .index('mailed_token_pending_index')
        .updateRule('no action')
        .deleteRule('cascade'),
    expiresAt: p.datetime(3),
  },
})

/** A token that was sent by mail and not used yet. */
export class MailedToken extends MailedTokenSchema.class {}
MailedTokenSchema.setClass(MailedToken)
