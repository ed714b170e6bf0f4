import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeId, newUuid } from '../platform/ids.ts'
import { createConversation, type Person, sendMessage, signUp } from './support/people.ts'
import { startTestGraph, type TestGraph } from './support/test-graph.ts'

const CREATE = `mutation Create($input: CreateConversationInput!) {
  createConversation(input: $input) {
    conversation {
      id kind title topic memberCount viewerRole createdAt lastActivityAt lastMessage { id }
      members { nodes { role user { id username } } }
      assistant { model systemPrompt temperature maxOutputTokens }
    }
    userErrors { code message path }
  }
}`

interface Created {
  createConversation: {
    conversation: ({ id: string } & Record<string, unknown>) | null
    userErrors: { code: string; message: string; path: string[] }[]
  }
}

const LIST = `query List($first: Int, $after: Cursor, $last: Int, $before: Cursor, $kind: ConversationKind) {
  conversations(first: $first, after: $after, last: $last, before: $before, kind: $kind) {
    nodes { id lastMessage { body } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}`

interface Listed {
  conversations: {
    nodes: { id: string; lastMessage: { body: string } | null }[]
    pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string; endCursor: string }
  }
}

let graph: TestGraph
let ada: Person
let grace: Person
beforeAll(async () => {
  graph = await startTestGraph({
    environment: { OPENAI_BASE_URL: 'http://127.0.0.1:9/v1', OPENAI_MODELS: 'big,small' },
  })
  ada = await signUp(graph, 'ada')
  grace = await signUp(graph, 'grace')
})
afterAll(() => graph[Symbol.asyncDispose]())

const create = async (input: Record<string, unknown>) =>
  (await ada.client.run<Created>(CREATE, { input })).createConversation

describe('a new conversation', () => {
  it('with the assistant has its maker as its one member, and the default model', async () => {
    const { conversation, userErrors } = await create({ kind: 'ASSISTANT', title: 'Ideas', topic: 'Whatever comes up' })

    expect(userErrors).toEqual([])
    expect(conversation).toMatchObject({
      id: expect.stringMatching(/^cnv_[0-9a-z]{26}$/),
      kind: 'ASSISTANT',
      title: 'Ideas',
      topic: 'Whatever comes up',
      memberCount: 1,
      viewerRole: 'OWNER',
      lastMessage: null,
      members: { nodes: [{ role: 'OWNER', user: { id: ada.id, username: ada.username } }] },
      assistant: { model: 'big', systemPrompt: null, temperature: null, maxOutputTokens: null },
    })
  })

  it('of a group has everybody named in it, each once, and no assistant settings unless given', async () => {
    const { conversation } = await create({ kind: 'GROUP', memberIds: [grace.id, ada.id, grace.id] })

    expect(conversation).toMatchObject({ kind: 'GROUP', title: null, topic: null, memberCount: 2, assistant: null })
    const { members } = conversation as unknown as { members: { nodes: { role: string; user: { id: string } }[] } }
    expect(new Map(members.nodes.map(({ user, role }) => [user.id, role]))).toEqual(
      new Map([
        [ada.id, 'OWNER'],
        [grace.id, 'MEMBER'],
      ]),
    )
  })

  it('keeps every setting of the assistant', async () => {
    const assistant = { model: 'small', systemPrompt: 'Be brief. 👍', temperature: 0, maxOutputTokens: 1_000_000 }
    const { conversation } = await create({ kind: 'GROUP', assistant })

    expect(conversation?.assistant).toEqual(assistant)
  })

  it.each([
    [
      'a member who does not exist',
      { kind: 'GROUP', memberIds: [encodeId('usr', newUuid())] },
      'NOT_FOUND',
      'memberIds',
    ],
    ['an empty title', { kind: 'GROUP', title: '' }, 'BAD_USER_INPUT', 'title'],
    ['a title of white space', { kind: 'GROUP', title: ' \n\t' }, 'BAD_USER_INPUT', 'title'],
    ['a title of 201 characters', { kind: 'GROUP', title: 'x'.repeat(201) }, 'BAD_USER_INPUT', 'title'],
    ['a title with a NUL', { kind: 'GROUP', title: 'a\0b' }, 'BAD_USER_INPUT', 'title'],
    ['a topic of 1,001 characters', { kind: 'GROUP', topic: 'x'.repeat(1_001) }, 'BAD_USER_INPUT', 'topic'],
    ['half a surrogate pair in the topic', { kind: 'GROUP', topic: '\ud83d' }, 'BAD_USER_INPUT', 'topic'],
  ])('is refused for %s', async (_, input, code, field) => {
    expect(await create(input)).toEqual({
      conversation: null,
      userErrors: [{ code, message: expect.any(String), path: ['input', field] }],
    })
  })

  it.each([
    ['an unknown model', { model: 'huge' }, 'UNKNOWN_MODEL', 'model'],
    ['a system prompt of 8,001 characters', { systemPrompt: 'x'.repeat(8_001) }, 'BAD_USER_INPUT', 'systemPrompt'],
    ['a NUL in the system prompt', { systemPrompt: '\0' }, 'BAD_USER_INPUT', 'systemPrompt'],
    ['a negative temperature', { temperature: -0.1 }, 'BAD_USER_INPUT', 'temperature'],
    ['a temperature above 2', { temperature: 2.1 }, 'BAD_USER_INPUT', 'temperature'],
    ['no output tokens', { maxOutputTokens: 0 }, 'BAD_USER_INPUT', 'maxOutputTokens'],
    ['too many output tokens', { maxOutputTokens: 1_000_001 }, 'BAD_USER_INPUT', 'maxOutputTokens'],
  ])('is refused for %s', async (_, assistant, code, field) => {
    const { conversation, userErrors } = await create({ kind: 'ASSISTANT', assistant })
    expect(conversation).toBeNull()
    expect(userErrors).toEqual([{ code, message: expect.any(String), path: ['input', 'assistant', field] }])
  })

  it('of more than 100 members is refused before it reaches chat', async () => {
    const memberIds = Array.from({ length: 101 }, () => encodeId('usr', newUuid()))
    const document = `mutation($input: CreateConversationInput!) {
      createConversation(input: $input) { userErrors { code } }
    }`
    expect(await ada.client.codesOf(document, { input: { kind: 'GROUP', memberIds } })).toEqual([
      'OPERATION_TOO_EXPENSIVE',
    ])
  })

  it('takes texts of exactly the longest length', async () => {
    const texts = { title: 'x'.repeat(200), topic: '👍'.repeat(500) }
    const { conversation } = await create({
      kind: 'ASSISTANT',
      ...texts,
      assistant: { systemPrompt: 'x'.repeat(8_000), temperature: 2 },
    })
    expect(conversation).toMatchObject(texts)
  })

  it('with the assistant takes nobody else, but its maker may be named', async () => {
    expect((await create({ kind: 'ASSISTANT', memberIds: [grace.id] })).userErrors).toMatchObject([
      { code: 'BAD_USER_INPUT', path: ['input', 'memberIds'] },
    ])
    expect((await create({ kind: 'ASSISTANT', memberIds: [ada.id] })).conversation).toMatchObject({ memberCount: 1 })
  })

  it.each(['usr_nonsense', 'grace', '', 'cnv_01m7wchqs2fqerfnhx6ekq3b43', 'USR_01M7WCHQS2FQERFNJ6Y98V2TH1'])(
    'is a top-level BAD_USER_INPUT with the member id %j',
    async (id) => {
      expect(await ada.client.codesOf(CREATE, { input: { kind: 'GROUP', memberIds: [id] } })).toEqual([
        'BAD_USER_INPUT',
      ])
    },
  )
})

describe('the list of conversations', () => {
  let reader: Person
  let made: string[]
  beforeAll(async () => {
    reader = await signUp(graph, 'reader')
    made = []
    for (let index = 0; index < 7; index += 1) {
      made.unshift(await createConversation(reader, { kind: index === 3 ? 'ASSISTANT' : 'GROUP', title: `${index}` }))
    }
  })

  const list = async (variables: Record<string, unknown> = {}) =>
    (await reader.client.run<Listed>(LIST, variables)).conversations
  const idsOf = ({ nodes }: Listed['conversations']) => nodes.map(({ id }) => id)

  it('is the viewer’s own, newest activity first, with each one’s last message', async () => {
    expect(idsOf(await list())).toEqual(made)
    const [oldest] = made.slice(-1)
    await sendMessage(reader, oldest ?? '', 'Up again')
    made = [...made.slice(-1), ...made.slice(0, -1)]

    const { nodes } = await list()
    expect(nodes.map(({ id }) => id)).toEqual(made)
    expect(nodes.map(({ lastMessage }) => lastMessage?.body ?? null)).toEqual(['Up again', ...Array(6).fill(null)])
    expect(idsOf((await grace.client.run<Listed>(LIST)).conversations)).not.toContain(made[0])
  })

  it.each([1, 2, 3, 7, 100])('gives each once on pages of %i, forward and backward', async (size) => {
    const forward: string[] = []
    for (let after: string | null = null, more = true; more; ) {
      const page = await list({ first: size, after })
      forward.push(...idsOf(page))
      after = page.pageInfo.endCursor
      more = page.pageInfo.hasNextPage
    }
    const backward: string[] = []
    for (let before: string | null = null, more = true; more; ) {
      const page = await list({ last: size, before })
      backward.unshift(...idsOf(page))
      before = page.pageInfo.startCursor
      more = page.pageInfo.hasPreviousPage
    }
    expect([forward, backward]).toEqual([made, made])
  })

  it('can be of one kind only', async () => {
    const [assistants, groups] = [await list({ kind: 'ASSISTANT' }), await list({ kind: 'GROUP', first: 100 })]
    expect([assistants.nodes.length, groups.nodes.length]).toEqual([1, 6])
    expect(new Set([...idsOf(assistants), ...idsOf(groups)])).toEqual(new Set(made))
  })

  const cursorOf = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

  const id = '0190f3c2-7a5b-7c3d-8e4f-5a6b7c8d9e0f'

  it.each([
    ['no page size', { first: 0 }],
    ['a page size of 101', { first: 101 }],
    ['a negative page size', { last: -1 }],
    ['two directions', { first: 1, last: 1 }],
    [
      'a cursor against the direction',
      { first: 1, before: cursorOf(['conversation', ['2026-01-01T00:00:00.000Z', id]]) },
    ],
    ['a garbage cursor', { after: 'garbage' }],
    ['an empty cursor', { after: '' }],
    ['another list’s cursor', { after: cursorOf(['message', 1]) }],
    ['a cursor with no moment', { after: cursorOf(['conversation', ['0', id]]) }],
    ['a cursor of a day that never comes', { after: cursorOf(['conversation', ['2026-02-31T00:00:00.000Z', id]]) }],
    ['a cursor of a year too far', { after: cursorOf(['conversation', ['+275760-09-13T00:00:00.000Z', id]]) }],
    ['a cursor without an id', { after: cursorOf(['conversation', ['2026-01-01T00:00:00.000Z', 'no id']]) }],
    ['an empty object for a cursor', { before: cursorOf({}) }],
  ])('refuses %s', async (_, variables) => {
    expect(await reader.client.codesOf(LIST, variables)).toEqual(['BAD_USER_INPUT'])
  })
})

describe('the members of a conversation', () => {
  const MEMBERS = `query Members($id: ID!, $first: Int, $after: Cursor, $last: Int, $before: Cursor) {
    conversation(id: $id) {
      members(first: $first, after: $after, last: $last, before: $before) {
        edges { cursor node { user { id } } }
        pageInfo { hasNextPage hasPreviousPage }
      }
    }
  }`
  type Members = { conversation: { members: { edges: { cursor: string; node: { user: { id: string } } }[] } } }

  it('come once each, also those who joined at the same moment, forward and backward', async () => {
    const everybody = await Promise.all(Array.from({ length: 5 }, () => signUp(graph, 'member')))
    const memberIds = everybody.map(({ id }) => id)
    const id = await createConversation(ada, { kind: 'GROUP', memberIds })
    const read = async (args: object) =>
      (await ada.client.run<Members>(MEMBERS, { id, ...args })).conversation.members.edges
    const idsOf = (edges: Awaited<ReturnType<typeof read>>) => edges.map(({ node }) => node.user.id)

    const all = await read({})
    expect(new Set(idsOf(all))).toEqual(new Set([ada.id, ...memberIds]))
    for (const [index, { cursor }] of all.entries()) {
      expect(idsOf(await read({ first: 2, after: cursor }))).toEqual(idsOf(all).slice(index + 1, index + 3))
      expect(idsOf(await read({ last: 2, before: cursor }))).toEqual(idsOf(all).slice(Math.max(0, index - 2), index))
    }
  })

  it('cannot be asked for with a bad cursor', async () => {
    const id = await createConversation(ada, { kind: 'GROUP' })
    for (const args of [{ after: 'garbage' }, { before: '' }, { first: 0 }, { last: 101 }]) {
      expect(await ada.client.codesOf(MEMBERS, { id, ...args })).toEqual(['BAD_USER_INPUT'])
    }
  })
})

describe('the models', () => {
  it('are listed with the default first', async () => {
    expect(await ada.client.run('{ models { id name isDefault isDemo } }')).toEqual({
      models: [
        { id: 'big', name: 'big', isDefault: true, isDemo: false },
        { id: 'small', name: 'small', isDefault: false, isDemo: false },
      ],
    })
  })
})
