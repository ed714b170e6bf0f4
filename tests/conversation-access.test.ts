import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeId, newUuid } from '../platform/ids.ts'
import { ServiceSigner, SIGNATURE_HEADER } from '../platform/service-signature.ts'
import { GraphClient } from './support/graph-client.ts'
import { createConversation, type Person, sendMessage, signUp } from './support/people.ts'
import { startTestGraph, type TestGraph } from './support/test-graph.ts'

/** Everything of chat that takes an id, by what its id names. */
const OPERATIONS = {
  conversation: {
    conversation: 'query Get($id: ID!) { conversation(id: $id) { title } }',
    'its messages':
      'query Get($id: ID!) { conversation(id: $id) { messages { nodes { body } } members { nodes { user { username } } } } }',
    sendMessage: `mutation Send($id: ID!) {
      sendMessage(input: { conversationId: $id, body: "Let me in", clientId: "${randomUUID()}" }) { message { id } userErrors { code } }
    }`,
  },
  message: { message: 'query Get($id: ID!) { message(id: $id) { body conversation { title } } }' },
}

const STREAMS = {
  conversation: {
    messageAdded: 'subscription Follow($id: ID!) { messageAdded(conversationId: $id, after: 0) { body } }',
    conversationEvents: 'subscription Follow($id: ID!) { conversationEvents(conversationId: $id) { cursor } }',
  },
  message: { replyStream: 'subscription Follow($id: ID!) { replyStream(messageId: $id) { attempt } }' },
}

const SERVICE_SECRET = 'the secret that the services of this graph share'

type Kind = keyof typeof OPERATIONS
const cases = (documents: Record<Kind, Record<string, string>>) =>
  Object.entries(documents).flatMap(([kind, named]) =>
    Object.entries(named).map(([name, document]) => ({ kind: kind as Kind, name, document })),
  )

describe('what a conversation holds', () => {
  let graph: TestGraph
  let stranger: Person
  let ids: Record<Kind, string>
  let nobody: GraphClient
  beforeAll(async () => {
    graph = await startTestGraph({ environment: { SERVICE_SECRET } })
    const [ada, grace] = [await signUp(graph, 'ada'), await signUp(graph, 'grace')]
    stranger = await signUp(graph, 'stranger')
    nobody = new GraphClient(graph.url)
    const conversation = await createConversation(ada, { kind: 'GROUP', title: 'Secret', memberIds: [grace.id] })
    const { reply } = await sendMessage(ada, conversation, '@assistant, keep this to yourself')
    ids = { conversation, message: reply?.id ?? '' }
  })
  afterAll(async () => {
    await nobody[Symbol.asyncDispose]()
    await graph[Symbol.asyncDispose]()
  })

  const wrongIds = (kind: Kind) => {
    const right = ids[kind]
    return [
      '',
      'nonsense',
      '*',
      `${right}x`,
      right.slice(0, -1),
      right.toUpperCase(),
      encodeId('usr', newUuid()),
      ` ${right}`,
    ]
  }
  const unknownId = (kind: Kind) => encodeId(kind === 'conversation' ? 'cnv' : 'msg', newUuid())

  describe.each(cases(OPERATIONS))('$name', ({ kind, document }) => {
    it('is NOT_FOUND for a stranger, word for word as what does not exist', async () => {
      const hidden = await stranger.client.send<Record<string, unknown>>(document, { id: ids[kind] })
      const absent = await stranger.client.send(document, { id: unknownId(kind) })

      expect(hidden.errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }])
      expect(hidden.errors?.map(({ message }) => message)).toEqual(absent.errors?.map(({ message }) => message))
      expect(Object.values(hidden.data ?? {})).toEqual([null])
    })

    it('is UNAUTHENTICATED for who is not signed in, whether or not it exists', async () => {
      expect(await nobody.codesOf(document, { id: ids[kind] })).toEqual(['UNAUTHENTICATED'])
      expect(await nobody.codesOf(document, { id: unknownId(kind) })).toEqual(['UNAUTHENTICATED'])
      expect(await nobody.codesOf(document, { id: 'nonsense' })).toEqual(['UNAUTHENTICATED'])
    })

    it('is BAD_USER_INPUT for an id that is malformed or of another kind', async () => {
      for (const id of wrongIds(kind))
        expect(await stranger.client.codesOf(document, { id }), id).toEqual(['BAD_USER_INPUT'])
    })
  })

  describe.each(cases(STREAMS))('$name', ({ kind, document }) => {
    it('is NOT_FOUND for a stranger', async () => {
      expect(await stranger.client.subscribe(document, { id: ids[kind] }).failureCodes()).toEqual(['NOT_FOUND'])
      expect(await stranger.client.subscribe(document, { id: unknownId(kind) }).failureCodes()).toEqual(['NOT_FOUND'])
    })

    it('is UNAUTHENTICATED for who is not signed in', async () => {
      expect(await nobody.subscribe(document, { id: ids[kind] }).failureCodes()).toEqual(['UNAUTHENTICATED'])
      expect(await nobody.subscribe(document, { id: 'nonsense' }).failureCodes()).toEqual(['UNAUTHENTICATED'])
    })

    it('is BAD_USER_INPUT for an id that is malformed or of another kind', async () => {
      for (const id of wrongIds(kind)) {
        expect(await stranger.client.subscribe(document, { id }).failureCodes(), id).toEqual(['BAD_USER_INPUT'])
      }
    })
  })

  it.each([
    '{ conversations { nodes { id } } }',
    '{ conversations(first: 0) { nodes { id } } }',
    '{ models { id } }',
    'mutation { createConversation(input: { kind: GROUP }) { conversation { id } } }',
  ])('%s is UNAUTHENTICATED for who is not signed in', async (document) => {
    expect(await nobody.codesOf(document)).toEqual(['UNAUTHENTICATED'])
  })

  it.each([
    ['Conversation', 'conversation', 'title'],
    ['Message', 'message', 'body'],
  ] as const)('is hidden behind a reference to a %s too', async (type, kind, field) => {
    const document = `query Refer($of: [_Any!]!) { _entities(representations: $of) { ... on ${type} { ${field} } } }`
    const ask = async (id: string, person?: Person) => {
      const body = JSON.stringify({ query: document, variables: { of: [{ __typename: type, id }] } })
      const authorization = person && { authorization: `Bearer ${person.tokens.accessToken}` }
      const signature = new ServiceSigner(SERVICE_SECRET).sign('/graphql', body, { ...authorization })
      const response = await fetch(`${graph.chatUrl}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...authorization, [SIGNATURE_HEADER]: signature },
        body,
      })
      const { errors } = (await response.json()) as { errors?: { extensions: { code: string } }[] }
      return errors?.map(({ extensions }) => extensions.code)
    }

    expect(await ask(ids[kind], stranger)).toEqual(['NOT_FOUND'])
    expect(await ask(unknownId(kind), stranger)).toEqual(['NOT_FOUND'])
    expect(await ask('nonsense', stranger)).toEqual(['BAD_USER_INPUT'])
    expect(await ask(ids[kind])).toEqual(['UNAUTHENTICATED'])
  })
})
