import { generateKeyPairSync } from 'node:crypto'
import { newUuid } from '../platform/ids.ts'
import { type ServiceSigner, SIGNATURE_HEADER } from '../platform/service-signature.ts'
import { AccessTokenSigner } from '../subgraphs/auth/keys/access-token-signer.ts'
import { publish } from '../subgraphs/auth/keys/signing-key.ts'
import { prepare } from './database.ts'
import type { Role } from './processes.ts'

const TOKEN_SECONDS = 6 * 60 * 60

/** People with an account but no password. */
export async function addPeople(databaseUrl: string, people: readonly string[]): Promise<void> {
  await prepare(databaseUrl, [
    {
      text: `INSERT INTO auth.user (id, email, email_key, username, username_key, display_name, roles, created_at)
        SELECT id, place || '@example.org', place || '@example.org', 'person-' || place, 'person-' || place,
          'Person ' || place, '{MEMBER}', now()
        FROM unnest($1::uuid[]) WITH ORDINALITY AS people (id, place)`,
      values: [people],
    },
  ])
}

/** The same, and a group of all of them; the first is its owner. */
export async function settle(databaseUrl: string, people: readonly string[], conversationId: string): Promise<void> {
  await addPeople(databaseUrl, people)
  await prepare(databaseUrl, [
    {
      text: `INSERT INTO chat.conversation (id, kind, title, epoch, member_count)
        VALUES ($1, 'GROUP', 'Everybody', gen_random_uuid(), $2)`,
      values: [conversationId, people.length],
    },
    {
      text: `INSERT INTO chat.member (conversation_id, user_id, role)
        SELECT $1, id, CASE place WHEN 1 THEN 'OWNER' ELSE 'MEMBER' END
        FROM unnest($2::uuid[]) WITH ORDINALITY AS people (id, place)`,
      values: [conversationId, people],
    },
    { text: 'VACUUM ANALYZE' },
  ])
}

/** Tokens that the graph takes for those of a sign-in, when auth is told the same key. */
export class BenchTokens {
  readonly #key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  readonly #signer: AccessTokenSigner

  constructor() {
    const keys = { signer: () => ({ kid: publish(this.#key).kid, privateKey: this.#key }) }
    this.#signer = new AccessTokenSigner({ keys, issuer: 'parley', audience: 'parley' })
  }

  /** For JWT_SIGNING_KEY. */
  get signingKey(): string {
    return this.#key.export({ type: 'pkcs8', format: 'pem' }).toString()
  }

  of(userId: string): string {
    const now = new Date()
    const subject = { userId, sessionId: newUuid(), tokenVersion: 0, scope: [] }
    return this.#signer.sign(subject, now, new Date(now.getTime() + TOKEN_SECONDS * 1_000))
  }
}

const SEND = `mutation Send($input: SendMessageInput!) {
  sendMessage(input: $input) { message { number } userErrors { code message } }
}`

/** Sends a message straight to a chat process, as a gateway does. */
export async function sendMessage(
  chat: Role,
  signer: ServiceSigner,
  token: string,
  message: { conversationId: string; body: string },
): Promise<void> {
  const forwarded = { authorization: `Bearer ${token}` }
  const body = JSON.stringify({ query: SEND, variables: { input: { ...message, clientId: newUuid() } } })
  const response = await fetch(`${chat.url}/graphql`, {
    method: 'POST',
    headers: {
      ...forwarded,
      'content-type': 'application/json',
      [SIGNATURE_HEADER]: signer.sign('/graphql', body, forwarded),
    },
    body,
  })
  const answer = await response.text()
  if (!/"number":\d/.test(answer)) throw new Error(`A message was not sent: ${answer}`)
}
