import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { SMTPServer } from 'smtp-server'

/** A mail as a mail server got it. */
export interface DeliveredMail {
  readonly from: string
  readonly to: readonly string[]
  /** Header fields by their names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
}

/** A mail server on this machine that keeps what it is given. */
export class TestMailServer implements AsyncDisposable {
  readonly mails: DeliveredMail[] = []
  /** While set, recipients are turned down with this code of RFC 5321. */
  refusal: number | undefined
  readonly #server: SMTPServer

  private constructor() {
    this.#server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS', 'AUTH'],
      disableReverseLookup: true,
      closeTimeout: 1_000,
      logger: false,
      onRcptTo: (_address, _session, callback) => callback(this.#refuse()),
      onData: (stream, { envelope }, callback) => {
        text(stream).then((source) => {
          const from = envelope.mailFrom ? envelope.mailFrom.address : ''
          this.mails.push({ from, to: envelope.rcptTo.map(({ address }) => address), ...parse(source) })
          callback()
        }, callback)
      },
    })
    // A client that hangs up in the middle is no error of the test.
    this.#server.on('error', () => {})
  }

  /** @param port 0 takes any free one. */
  static async start(port = 0): Promise<TestMailServer> {
    const server = new TestMailServer()
    await once(server.#server.listen(port, '127.0.0.1'), 'listening')
    return server
  }

  get port(): number {
    return (this.#server.server.address() as AddressInfo).port
  }

  /** For `SMTP_URL`. */
  get url(): string {
    return `smtp://127.0.0.1:${this.port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(resolve))
  }

  #refuse(): Error | null {
    if (this.refusal === undefined) return null
    return Object.assign(new Error('No such mailbox: somebody@example.com'), { responseCode: this.refusal })
  }
}

function parse(source: string): Pick<DeliveredMail, 'headers' | 'text'> {
  const [head = '', ...body] = source.split('\r\n\r\n')
  const fields = head.replaceAll(/\r\n[ \t]+/g, ' ').split('\r\n')
  const headers = Object.fromEntries(
    fields.map((field) => [field.slice(0, field.indexOf(':')).toLowerCase(), field.slice(field.indexOf(':') + 2)]),
  )
  const encoded = body.join('\r\n\r\n')
  return { headers, text: headers['content-transfer-encoding'] === 'quoted-printable' ? decode(encoded) : encoded }
}

/** Quoted-printable (RFC 2045 §6.7) of UTF-8. */
function decode(encoded: string): string {
  const bytes = encoded
    .replaceAll('=\r\n', '')
    .replaceAll(/=([0-9A-F]{2})/g, (_match, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString('utf8')
}
