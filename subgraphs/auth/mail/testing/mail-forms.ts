import type { AuthClient } from '../../testing/auth-client.ts'

interface Refusal {
  code: string
  message: string
  path: string[]
}

/** A mutation's payload, or the code of a top-level error. */
interface Answer<Payload> {
  data?: { result: Payload | null } | null
  errors?: { extensions: { code: string } }[]
}

interface Accepted {
  accepted: boolean
  userErrors: Refusal[]
}

interface Changed {
  user: { id: string; username: string; email: string | null; emailVerified: boolean | null } | null
  userErrors: Refusal[]
}

const ERRORS = 'userErrors { code message path }'
const USER = 'user { id username email emailVerified }'

let visitors = 0

/** Fills in the forms that ask for mails, and those that mails lead to; each time from another address. */
export class MailForms {
  readonly #client: AuthClient

  constructor(client: AuthClient) {
    this.#client = client
  }

  requestEmailVerification(email?: string | null, accessToken?: string): Promise<Answer<Accepted>> {
    const fields = `accepted ${ERRORS}`
    return this.#send('requestEmailVerification', 'RequestEmailVerificationInput', fields, { email }, accessToken)
  }

  verifyEmail(token: string): Promise<Answer<Changed>> {
    return this.#send('verifyEmail', 'VerifyEmailInput', `${USER} ${ERRORS}`, { token })
  }

  requestPasswordReset(email: string): Promise<Answer<Accepted>> {
    return this.#send('requestPasswordReset', 'RequestPasswordResetInput', `accepted ${ERRORS}`, { email })
  }

  resetPassword(token: string, newPassword: string, totpCode?: string): Promise<Answer<Changed>> {
    const input = { token, newPassword, totpCode }
    return this.#send('resetPassword', 'ResetPasswordInput', `${USER} ${ERRORS}`, input)
  }

  async #send<Payload>(
    field: string,
    type: string,
    fields: string,
    input: object,
    accessToken?: string,
  ): Promise<Answer<Payload>> {
    const query = `mutation ($input: ${type}!) { result: ${field}(input: $input) { ${fields} } }`
    const response = await this.#client.post('/graphql', { query, variables: { input } }, headersOf(accessToken))
    return (await response.json()) as Answer<Payload>
  }
}

/** Nobody waits because others have asked so often. */
function headersOf(accessToken: string | undefined): Record<string, string> {
  visitors += 1
  return {
    'x-forwarded-for': `10.0.${Math.floor(visitors / 256)}.${visitors % 256}`,
    ...(accessToken !== undefined && { authorization: `Bearer ${accessToken}` }),
  }
}

/** `DONE`, or the code of what was wrong. */
export function outcomeOf({ data, errors }: Answer<Accepted | Changed>): string {
  const [refusal] = data?.result?.userErrors ?? []
  const [error] = errors ?? []
  return refusal?.code ?? error?.extensions.code ?? (data?.result ? 'DONE' : 'NOTHING')
}
