import { randomUUID } from 'node:crypto'
import { conversationEvents, watchReply } from '../support/chat-streams.ts'
import { GraphClient } from '../support/graph-client.ts'
import { createConversation, PASSWORD, type Person, sendMessage, signIn, signUp } from '../support/people.ts'
import { type ObservedGraph, REFUSED, SIGN_IN_FAILURES, SUBSCRIPTIONS } from './observed-graph.ts'

const SIGN_IN = 'mutation SignIn($input: SignInInput!) { signIn(input: $input) { userErrors { code } } }'
const REFRESH =
  'mutation Refresh($input: RefreshTokensInput!) { refreshTokens(input: $input) { tokens { accessToken } } }'
const RESET =
  'mutation Reset($input: RequestPasswordResetInput!) { requestPasswordReset(input: $input) { __typename } }'
const WITH_AUTHORS = `subscription Messages($id: ID!) {
  messageAdded(conversationId: $id, after: 0) { number author { displayName } }
}`
const TOO_DEEP = `{ me { ${'conversations { nodes { members { nodes { user { '.repeat(4)} id ${'} } } } } '.repeat(4)} } }`

/** Does once nearly everything that is measured. Somebody stays connected until this is disposed. */
export async function makeTraffic(graph: ObservedGraph): Promise<AsyncDisposable> {
  const ada = await signUp(graph, 'ada')
  const grace = await signIn(graph, await signUp(graph, 'grace'))
  await enterAsPeopleDo(graph, grace)
  await askThisAndThat(graph, ada)
  await talk(ada, grace)
  await askTheAssistant(ada)
  await grace.client[Symbol.asyncDispose]()
  return ada.client
}

/** Wrong passwords until there have been too many, a refreshed session, and a mail. */
async function enterAsPeopleDo({ url }: ObservedGraph, person: Person): Promise<void> {
  const anybody = new GraphClient(url)
  for (let failures = 0; failures <= SIGN_IN_FAILURES; failures += 1) {
    await anybody.send(SIGN_IN, { input: { login: person.username, password: `not ${PASSWORD}` } })
  }
  await anybody.run(REFRESH, { input: { refreshToken: person.tokens.refreshToken } })
  await anybody.run(RESET, { input: { email: `${person.username}@example.org` } })
}

/** A query that is new, and what no schema, no limit and no route allows. */
async function askThisAndThat({ url }: ObservedGraph, { client }: Person): Promise<void> {
  for (const document of ['{ nothing }', TOO_DEEP]) {
    const codes = await client.codesOf(document)
    if (codes.length === 0) throw new Error(`This should have been refused: ${document}`)
  }
  // One that nobody has asked before is planned; the second time its plan is there.
  const document = `query Q${randomUUID().slice(0, 8)} { me { id } }`
  for (let times = 0; times < 2; times += 1) await client.run(document)
  await fetch(`${url}/no-such-route`)
}

/** Two people in a conversation, one of whom wants more streams than are allowed. */
async function talk(ada: Person, grace: Person): Promise<void> {
  const conversationId = await createConversation(ada, { kind: 'GROUP', memberIds: [grace.id] })
  const events = conversationEvents(grace, conversationId)
  await events.next()
  const messages = ada.client.subscribe(WITH_AUTHORS, { id: conversationId })
  const others = Array.from({ length: SUBSCRIPTIONS }, () => ada.client.subscribe(WITH_AUTHORS, { id: conversationId }))
  await others.at(-1)?.failureCodes()
  // Twice, as a client that did not get the answer: the unique index refuses the second statement.
  const clientId = randomUUID()
  for (let tries = 0; tries < 2; tries += 1) await sendMessage(grace, conversationId, 'Hello, Ada', clientId)
  await messages.next()
  await events.next()
  for (const stream of others.slice(1)) stream.unsubscribe()
}

/** One reply that is written, and one that fails. */
async function askTheAssistant(person: Person): Promise<void> {
  const conversationId = await createConversation(person)
  for (const body of ['Hello', REFUSED]) {
    const { reply } = await sendMessage(person, conversationId, body)
    await watchReply(person, reply?.id ?? '')
  }
}
