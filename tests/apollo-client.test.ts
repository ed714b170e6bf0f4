import { createHash } from 'node:crypto'
import {
  ApolloClient,
  ApolloLink,
  CombinedGraphQLErrors,
  gql,
  HttpLink,
  InMemoryCache,
  type OperationVariables,
} from '@apollo/client'
import { Defer20220824Handler, GraphQL17Alpha9Handler } from '@apollo/client/incremental'
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries'
import { GraphQLWsLink } from '@apollo/client/link/subscriptions'
import { createClient } from 'graphql-ws'
import type { Subscribable } from 'rxjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { createConversation, type Person, sendMessage, signUp } from './support/people.ts'
import { type ScriptedModel, startScriptedModel } from './support/scripted-model.ts'
import { startTestGraph, type TestGraph } from './support/test-graph.ts'

const DEFERRED = gql`
  query Deferred($conversationId: ID!) {
    conversation(id: $conversationId) {
      id
      title
      messages(last: 5) { edges { node { id body ... @defer { author { id displayName } } } } }
    }
  }
`
const MESSAGES = gql`
  subscription Messages($conversationId: ID!) {
    messageAdded(conversationId: $conversationId, after: 0) { id number body author { id username } }
  }
`
const REPLY = gql`
  subscription Reply($messageId: ID!) {
    replyStream(messageId: $messageId) {
      __typename
      ... on ReplyText { offset text }
      ... on ReplyEnded { status message { id body } }
    }
  }
`

interface Messages {
  readonly messageAdded: { readonly body: string; readonly author: { readonly username: string } }
}
interface ReplyPieces {
  readonly replyStream: { readonly __typename: string; readonly text: string }
}

let model: ScriptedModel
let graph: TestGraph
let ada: Person
let conversationId: string

beforeAll(async () => {
  model = await startScriptedModel()
  graph = await startTestGraph({ environment: { OPENAI_BASE_URL: model.baseUrl, OPENAI_MODELS: 'scripted' } })
  ada = await signUp(graph, 'ada')
  conversationId = await createConversation(ada, { kind: 'GROUP', title: 'Ours' })
  for (const body of ['One', 'Two']) await sendMessage(ada, conversationId, body)
})
afterAll(async () => {
  await graph[Symbol.asyncDispose]()
  await model[Symbol.asyncDispose]()
})

const http = () =>
  new HttpLink({ uri: `${graph.url}/graphql`, headers: { authorization: `Bearer ${ada.tokens.accessToken}` } })

/** Knows of the schema what a client has to: what a reply's stream may carry, and that its events replace one another. */
const cache = () =>
  new InMemoryCache({
    possibleTypes: { ReplyEvent: ['ReplyText', 'ReplyRestarted', 'ReplyEnded'] },
    typePolicies: { Subscription: { fields: { replyStream: { merge: false } } } },
  })

const clientOver = (link: ApolloLink, incrementalHandler = new Defer20220824Handler()) =>
  new ApolloClient({ link, cache: cache(), incrementalHandler })

/** The results of an operation until one satisfies, which is among them. */
function resultsUntil<Result>(source: Subscribable<Result>, isLast: (result: Result) => boolean): Promise<Result[]> {
  const results: Result[] = []
  return new Promise((resolve, reject) => {
    const subscription = source.subscribe({
      next: (result) => {
        results.push(result)
        if (!isLast(result)) return
        resolve(results)
        queueMicrotask(() => subscription.unsubscribe())
      },
      error: reject,
    })
  })
}

describe('Apollo Client', () => {
  it.each([
    ['deferSpec=20220824', () => new Defer20220824Handler()],
    [
      'incrementalSpec=v0.2', // Its types are not made for exactOptionalPropertyTypes.
      () => new GraphQL17Alpha9Handler() as unknown as Defer20220824Handler,
    ],
  ])('puts the pieces of a deferred answer together (%s)', async (_, handler) => {
    const client = clientOver(http(), handler())
    const query = client.watchQuery({ query: DEFERRED, variables: { conversationId } })
    const results = await resultsUntil<{ dataState: string; data?: unknown }>(
      query,
      ({ dataState }) => dataState === 'complete',
    )
    expect(results.map(({ dataState }) => dataState)).toContain('streaming')
    const author = { __typename: 'User', id: ada.id, displayName: 'ada' }
    expect(results.at(-1)?.data).toMatchObject({
      conversation: {
        title: 'Ours',
        messages: {
          edges: [{ node: { body: 'One', author } }, { node: { body: 'Two', author } }],
        },
      },
    })
    client.stop()
  })

  it('gets the whole of a deferred answer in one piece when it knows of none', async () => {
    const answer = await fetch(`${graph.url}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ada.tokens.accessToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query: DEFERRED.loc?.source.body, variables: { conversationId } }),
    })
    expect(answer.headers.get('content-type')).toMatch(/^application\/(json|graphql-response\+json)/)
    expect(await answer.text()).toContain('"displayName":"ada"')
  })

  it.each<[string, () => { link: ApolloLink; close(): void }]>([
    ['HTTP in parts (subscriptionSpec=1.0)', () => ({ link: http(), close: () => undefined })],
    ['graphql-ws', overSocket],
  ])('follows messages with their authors over %s', async (_, open) => {
    const { link, close } = open()
    const client = clientOver(link)
    const messages = client.subscribe<Messages>({
      query: MESSAGES,
      variables: { conversationId },
    })
    const got = await resultsUntil<{ data?: Messages | undefined }>(
      messages,
      ({ data }) => data?.messageAdded.body === 'Two',
    )
    expect(got.map(({ data }) => data?.messageAdded)).toMatchObject(
      ['One', 'Two'].map((body) => ({ body, author: { username: ada.username } })),
    )
    client.stop()
    close()
  })

  it('follows a reply as it grows, and has its body in the cache when it ends', async () => {
    model.answerWith(async (answer) => {
      for (const piece of ['Once ', 'upon ', 'a time']) answer.say(piece)
      answer.finish()
    })
    const talk = await createConversation(ada, { kind: 'ASSISTANT' })
    const { reply } = await sendMessage(ada, talk, 'Tell me')
    const messageId = reply?.id ?? ''
    const { link, close } = overSocket()
    const client = clientOver(link)
    const stream = client.subscribe<ReplyPieces>({
      query: REPLY,
      variables: { messageId },
    })
    const got = await resultsUntil<{ data?: ReplyPieces | undefined }>(
      stream,
      ({ data }) => data?.replyStream.__typename === 'ReplyEnded',
    )
    const pieces = got.flatMap(({ data }) => (data?.replyStream.__typename === 'ReplyText' ? [data.replyStream] : []))
    expect(pieces.map(({ text }) => text).join('')).toBe('Once upon a time')
    const cached = client.readFragment({ id: `Message:${messageId}`, fragment: gql`fragment Body on Message { body }` })
    expect(cached).toMatchObject({ body: 'Once upon a time' })
    client.stop()
    close()
  })

  it('sends a query by its hash, and with its text once, when it is not known yet', async () => {
    const sent: string[] = []
    const recording = new ApolloLink((operation, forward) => {
      sent.push(JSON.stringify(operation.extensions.persistedQuery ?? null))
      return forward(operation)
    })
    const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
    const link = ApolloLink.from([new PersistedQueryLink({ sha256 }), recording, http()])
    const query = gql`query ByHash($conversationId: ID!) { conversation(id: $conversationId) { id title } }`
    for (let round = 0; round < 2; round += 1) {
      const client = clientOver(link)
      const { data } = await client.query<unknown, OperationVariables>({ query, variables: { conversationId } })
      expect(data).toMatchObject({ conversation: { title: 'Ours' } })
      client.stop()
    }
    expect(sent).toHaveLength(3)
  })

  it('is told what is wrong with a code', async () => {
    const client = clientOver(http())
    const query = gql`query Nobody { conversation(id: "cnv_01jd2k6z3kfr8b4bq3d9b8m6ph") { id } }`
    const asked = client.query({ query })
    await expect(asked).rejects.toSatisfy(CombinedGraphQLErrors.is)
    await expect(asked).rejects.toMatchObject({ errors: [{ extensions: { code: 'NOT_FOUND' } }] })
    client.stop()
  })
})

function overSocket() {
  const socket = createClient({
    url: `${graph.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${ada.tokens.accessToken}` },
    retryAttempts: 0,
  })
  return { link: new GraphQLWsLink(socket), close: () => void socket.dispose() }
}
