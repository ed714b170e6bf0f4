import type { Mail, MailLink } from './mail-transport.ts'

/** What a mail says. */
type Letter = Pick<Mail, 'subject' | 'text'>

/** Mails that only tell what happened. */
export type NoticeKind = 'PASSWORD_CHANGED' | 'SECOND_FACTOR_CHANGED' | 'TOKEN_REUSED'

/**
 * What mails say. All of it follows from the configuration and the link: nothing that a stranger wrote into a form may
 * reach others through our mails, but for a username, which is a few ASCII letters, digits, dots, hyphens and underscores.
 */
export class MailTemplates {
  readonly #site: string

  /** @param publicUrl where the people who read the mails use Parley. */
  constructor(publicUrl: string) {
    this.#site = publicUrl
  }

  /**
   * Asks to show that the address is the reader's.
   *
   * @param username of the account or of the sign-up: whoever gave the address, its reader knows their own by it.
   */
  verification(link: MailLink, expiresAt: Date, username: string): Letter {
    return letter('Verify your email address', [
      `Somebody, probably you, gave this address for the account "${username}" at ${this.#site}.`,
      'To show that the address is yours, follow this link:',
      link.url,
      `It works once, until ${minute(expiresAt)}. Follow it only if "${username}" is your own username: a stranger may have given your address too, and then your own account has a mail of its own. If it was not you, do nothing.`,
    ])
  }

  /** For somebody who signs up with an address that has an account. */
  accountExists(): Letter {
    return letter('You have an account already', [
      `Somebody, probably you, tried to sign up at ${this.#site} with this address, which has an account there.`,
      'Sign in with it, or ask for a new password if you forgot the old one. If it was not you, do nothing.',
    ])
  }

  /** Leads to a new password. */
  passwordReset(link: MailLink, expiresAt: Date): Letter {
    return letter('Choose a new password', [
      `Somebody, probably you, forgot the password of your account at ${this.#site}.`,
      'To choose a new one, follow this link:',
      link.url,
      `It works once, until ${minute(expiresAt)}. If it was not you, do nothing: your password stays as it is.`,
    ])
  }

  /** Tells an account's owner what was done, in case it was somebody else. */
  notice(kind: NoticeKind): Letter {
    const { subject, happened, remedy } = NOTICES[kind]
    return letter(subject, [`${happened} This is about your account at ${this.#site}.`, `If it was not you, ${remedy}`])
  }
}

const NOTICES: Readonly<Record<NoticeKind, { subject: string; happened: string; remedy: string }>> = {
  PASSWORD_CHANGED: {
    subject: 'Your password was changed',
    happened: 'Your password was changed, and sessions on other devices were ended.',
    remedy: 'ask for a new password at once: whoever did it can sign in, and you cannot.',
  },
  SECOND_FACTOR_CHANGED: {
    subject: 'Your second factor was changed',
    happened: 'The second factor for signing in was turned on or off.',
    remedy: 'change your password at once, end your other sessions, and tell an administrator.',
  },
  TOKEN_REUSED: {
    subject: 'A session of yours was ended',
    happened: 'A session was ended, because it was used in two places as if somebody had copied it.',
    remedy: 'change your password, and end the sessions that you do not know.',
  },
}

function letter(subject: string, paragraphs: readonly string[]): Letter {
  return { subject, text: `${paragraphs.join('\n\n')}\n` }
}

/** `2026-03-01 12:00 UTC` */
function minute(moment: Date): string {
  return `${moment.toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
