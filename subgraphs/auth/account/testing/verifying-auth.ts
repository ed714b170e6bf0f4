import { MailForms } from '../../mail/testing/mail-forms.ts'
import { type ManualClock, newPerson } from '../../testing/auth-client.ts'
import { Mailbox } from '../../testing/mailbox.ts'
import { type RunningAuth, startTestAuth } from '../../testing/running-auth.ts'

/** Somebody who has signed up, and has yet to verify their address. */
export interface Newcomer {
  /** A TypeID: the account's, once there is one. */
  readonly id: string
  readonly email: string
  readonly username: string
  readonly password: string
}

/** An auth subgraph where addresses must be verified first, and what its mails are asked for, read and answered with. */
export interface VerifyingAuth extends RunningAuth {
  readonly forms: MailForms
  readonly mailbox: Mailbox
  /** Signs a new person up; without an address, with one of their own. */
  signUp(email?: string): Promise<Newcomer>
}

/** Starts it; it tells the time by the clock. */
export async function startVerifyingAuth(clock: ManualClock): Promise<VerifyingAuth> {
  const auth = await startTestAuth(clock, { AUTH_REQUIRE_VERIFIED_EMAIL: 'true' })
  return {
    ...auth,
    forms: new MailForms(auth.client),
    mailbox: new Mailbox(auth.url),
    async signUp(email = newPerson().email) {
      const person = { ...newPerson(), email }
      const { user } = await auth.client.signUp(person)
      return { ...person, id: user?.id ?? '' }
    },
  }
}
