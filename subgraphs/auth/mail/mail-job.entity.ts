import { defineEntity, p } from '@mikro-orm/core'
import { PendingSignUp } from '../account/pending-sign-up.entity.ts'
import { User } from '../account/user.entity.ts'

/** What a mail is about. */
export type MailKind = 'VERIFY_EMAIL' | 'RESET_PASSWORD' | 'PASSWORD_CHANGED' | 'SECOND_FACTOR_CHANGED' | 'TOKEN_REUSED'

const MailJobSchema = defineEntity({
  name: 'MailJob',
  tableName: 'mail_job',
  indexes: [{ name: 'mail_job_due', properties: ['nextAttemptAt'] }],
  checks: [
    { name: 'mail_job_has_one_recipient', expression: 'num_nonnulls(email_key, user_id, pending_sign_up_id) = 1' },
  ],
  properties: {
    id: p.uuid().primary(),
    kind: p.text().$type<MailKind>(),
    /** Whom somebody asked to write to, known to us or not. */
    emailKey: p.text().nullable(),
    /** A user to write to. */
    user: () =>
      p
        .manyToOne(User)
        .fieldName('user_id')
        .nullable()
        .index('mail_job_user_index')
        .updateRule('no action')
        .deleteRule('cascade'),
    /** A sign-up to write to its address about. */
    pendingSignUp: () =>
      p
        .manyToOne(PendingSignUp)
        .fieldName('pending_sign_up_id')
        .nullable()
        .index('mail_job_pending_index')
        .updateRule('no action')
        .deleteRule('cascade'),
    attempts: p.integer().default(0),
    nextAttemptAt: p.datetime(3),
    /** Given up at this moment. */
    expiresAt: p.datetime(3),
  },
})

/**
 * A mail to write. Committed with what it tells of, so that a crash loses none; what it says, a token included, is made
 * when it is sent, so that no secret is stored.
 */
export class MailJob extends MailJobSchema.class {}
MailJobSchema.setClass(MailJob)
