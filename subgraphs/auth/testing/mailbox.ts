import type pg from 'pg'
import { expect, vi } from 'vitest'

/** A mail of the outbox, as its JSON tells of it. */
export interface ReceivedMail {
  id: string
  kind: string
  to: string
  subject: string
  text: string
  link: { url: string; token: string; purpose: 'VERIFY_EMAIL' | 'RESET_PASSWORD' } | null
  mutation: string | null
  writtenAt: string
}

/** Reads the outbox of a running auth subgraph. What was taken out once is not found again. */
export class Mailbox {
  readonly #url: string
  readonly #taken = new Set<string>()

  /** @param url of the auth server, without a path. */
  constructor(url: string) {
    this.#url = url
  }

  /** All mails, newest first, those that were taken included. */
  async mails(): Promise<ReceivedMail[]> {
    const response = await fetch(`${this.#url}/outbox?format=json`)
    const { mails } = (await response.json()) as { mails: ReceivedMail[] }
    return mails
  }

  /**
   * The mails that some work brought about, newest first, once none is left to send. At most as many as the outbox keeps.
   *
   * @param sql of the database of the same auth subgraph.
   */
  async mailsAfter(sql: pg.Client, work: () => Promise<unknown>): Promise<ReceivedMail[]> {
    const before = new Set((await this.mails()).map(({ id }) => id))
    await work()
    await expect.poll(async () => (await sql.query('SELECT FROM auth.mail_job')).rowCount, { timeout: 10_000 }).toBe(0)
    return (await this.mails()).filter(({ id }) => !before.has(id))
  }

  /** Waits for a mail to an address, and takes it: the newest one that was not taken before. */
  async mailTo(address: string, matches: (mail: ReceivedMail) => boolean = () => true): Promise<ReceivedMail> {
    return vi.waitFor(
      async () => {
        const mails = await this.mails()
        const found = mails.find((mail) => mail.to === address && matches(mail) && !this.#taken.has(mail.id))
        if (!found) throw new Error(`There is no such new mail to ${address} among ${mails.length}.`)
        this.#taken.add(found.id)
        return found
      },
      { timeout: 10_000, interval: 25 },
    )
  }

  /** Waits for a mail with a token to an address, takes it, and gives the token. */
  async tokenFor(address: string, purpose?: 'VERIFY_EMAIL' | 'RESET_PASSWORD'): Promise<string> {
    const { link } = await this.mailTo(address, ({ link }) => link !== null && (!purpose || link.purpose === purpose))
    if (!link) throw new Error('The mail has no link.')
    return link.token
  }
}
