import { randomUUID } from 'node:crypto'
import { decodeId } from '../../platform/ids.ts'
import { rowsOf } from './database-content.ts'
import { GraphClient } from './graph-client.ts'
import type { TestGraph } from './test-graph.ts'

/** Somebody with an account, signed in. */
export interface Person {
  readonly id: string
  readonly username: string
  readonly client: GraphClient
  readonly tokens: { readonly accessToken: string; readonly refreshToken: string }
}

export const PASSWORD = 'correct horse battery staple'

/** Signs somebody up; the username gets a random ending. */
export async function signUp(graph: Pick<TestGraph, 'url'>, name = 'ada'): Promise<Person> {
  const username = `${name}-${randomUUID().slice(0, 8)}`
  const { signUp } = await new GraphClient(graph.url).run<{
    signUp: { user: { id: string }; tokens: Person['tokens'] }
  }>(
    `mutation SignUp($input: SignUpInput!) {
      signUp(input: $input) { user { id } tokens { accessToken refreshToken } userErrors { code message } }
    }`,
    { input: { email: `${username}@example.org`, username, displayName: name, password: PASSWORD } },
  )
  const client = new GraphClient(graph.url, signUp.tokens.accessToken)
  return { id: signUp.user.id, username, client, tokens: signUp.tokens }
}

/** Opens another session of this person. */
export async function signIn(graph: Pick<TestGraph, 'url'>, person: Person): Promise<Person> {
  const { signIn } = await new GraphClient(graph.url).run<{ signIn: Pick<Person, 'tokens'> }>(
    'mutation SignIn($input: SignInInput!) { signIn(input: $input) { tokens { accessToken refreshToken } } }',
    { input: { login: person.username, password: PASSWORD } },
  )
  return { ...person, tokens: signIn.tokens, client: new GraphClient(graph.url, signIn.tokens.accessToken) }
}

/** Signs somebody up who has this role beside MEMBER, in a session that was opened since they have it. */
export async function signUpAs(
  graph: Pick<TestGraph, 'url' | 'databaseUrl'>,
  role: 'MODERATOR' | 'ADMIN',
): Promise<Person> {
  const person = await signUp(graph, role.toLowerCase())
  await rowsOf(
    graph.databaseUrl,
    `UPDATE auth.user SET roles = '{MEMBER,${role}}' WHERE id = '${decodeId('usr', person.id)}'`,
  )
  return signIn(graph, person)
}

export interface NewConversation {
  readonly kind: 'ASSISTANT' | 'GROUP' | 'CHANNEL'
  readonly title?: string
  readonly memberIds?: readonly string[]
  readonly assistant?: { model?: string; systemPrompt?: string; temperature?: number; maxOutputTokens?: number }
}

/** Makes a conversation and returns its id. */
export async function createConversation(
  owner: Person,
  input: NewConversation = { kind: 'ASSISTANT', title: 'A talk' },
): Promise<string> {
  const { createConversation } = await owner.client.run<{ createConversation: { conversation: { id: string } } }>(
    `mutation Create($input: CreateConversationInput!) {
      createConversation(input: $input) { conversation { id } userErrors { code message } }
    }`,
    { input },
  )
  return createConversation.conversation.id
}

export interface Sent {
  readonly message: { readonly id: string; readonly number: number; readonly body: string }
  readonly reply: { readonly id: string; readonly number: number } | null
}

export const SEND_MESSAGE = `mutation Send($input: SendMessageInput!) {
  sendMessage(input: $input) {
    message { id number body }
    reply { id number }
    userErrors { code message path }
  }
}`

/** Sends a message, with a new client id unless one is given. */
export async function sendMessage(
  person: Person,
  conversationId: string,
  body: string,
  clientId: string = randomUUID(),
): Promise<Sent> {
  const { sendMessage } = await person.client.run<{ sendMessage: Sent }>(SEND_MESSAGE, {
    input: { conversationId, body, clientId },
  })
  return sendMessage
}
