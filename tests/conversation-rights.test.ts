import { readFileSync } from 'node:fs'
import { Kind as AstKind, parse } from 'graphql'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ServiceSigner, SIGNATURE_HEADER } from '../platform/service-signature.ts'
import {
  type ConversationOperation,
  conversationOperations,
  NOBODY,
  ROLES,
  type Role,
} from './support/conversation-operations.ts'
import { type Cast, KINDS, type Kind, setScene } from './support/conversation-scene.ts'
import { GraphClient } from './support/graph-client.ts'
import { createConversation, type Person, signUp, signUpAs } from './support/people.ts'
import { startTestGraph, type TestGraph } from './support/test-graph.ts'

const SERVICE_SECRET = 'the secret that the services of this graph share'

let graph: TestGraph
let sql: pg.Client
let people: Record<Exclude<Role, 'signed out'>, Person>
let others: Pick<Cast, 'colleagueId' | 'newcomerId'>
let nobody: GraphClient

beforeAll(async () => {
  graph = await startTestGraph({ environment: { SERVICE_SECRET, RATE_LIMIT_MUTATIONS: '10000' } })
  sql = new pg.Client(graph.databaseUrl)
  await sql.connect()
  nobody = new GraphClient(graph.url)
  const [stranger, MEMBER, ADMIN, OWNER] = [
    await enter('stranger'),
    await enter('m'),
    await enter('a'),
    await enter('o'),
  ]
  people = { stranger, moderator: await signUpAs(graph, 'MODERATOR'), MEMBER, ADMIN, OWNER }
  others = { colleagueId: (await enter('colleague')).id, newcomerId: (await enter('newcomer')).id }
})

afterAll(async () => {
  for (const { client } of Object.values(people ?? {})) await client[Symbol.asyncDispose]()
  await nobody?.[Symbol.asyncDispose]()
  await sql?.end()
  await graph?.[Symbol.asyncDispose]()
})

const enter = (name: string) => signUp(graph, name)

/** What came of it, in a conversation of its own, in one word. */
async function outcomeOf(operation: ConversationOperation, kind: Kind, role: Role): Promise<string> {
  const person = role === 'signed out' ? null : people[role]
  const { MEMBER, ADMIN, OWNER } = people
  const members = { MEMBER: MEMBER.id, ADMIN: ADMIN.id, OWNER: OWNER.id }
  const scene = await setScene(sql, kind, { viewerId: person?.id ?? null, members, ...others }, operation.scene)
  // Who is signed out has no id of their own; another one keeps the input valid.
  const variables = operation.variables({ ...scene, viewerId: scene.viewerId ?? others.newcomerId })
  if (operation.transport === 'socket') return outcomeOfStream(operation, variables, person)
  const { data, errors } =
    operation.transport === 'entities'
      ? await askChat(operation.document, variables, person)
      : await (person?.client ?? nobody).send<Record<string, unknown>>(operation.document, variables)
  const [error] = errors ?? []
  if (error) return error.extensions.code
  return wordFor(Object.values(data ?? {})[0], [scene.conversationId, scene.messageId])
}

function wordFor(answer: unknown, ids: readonly string[]): string {
  const { userErrors, seen, nodes } = (answer ?? {}) as {
    userErrors?: { code: string }[]
    seen?: boolean
    nodes?: { id: string }[]
  }
  if (userErrors?.[0]) return `user error ${userErrors[0].code}`
  if (nodes) return nodes.some(({ id }) => ids.includes(id)) ? 'ok' : 'absent'
  if (answer == null) return 'null'
  return seen === false ? 'no' : 'ok'
}

/** `ok` once an event has come. A stream of the viewer's own list is given something to tell. */
async function outcomeOfStream(
  { title, document }: ConversationOperation,
  variables: Record<string, unknown>,
  person: Person | null,
): Promise<string> {
  const stream = (person?.client ?? nobody).subscribe(document, variables)
  const first = stream.nextCodes()
  if (title === 'inbox' && person) {
    let isOver = false
    void first.finally(() => {
      isOver = true
    })
    while (!isOver) await createConversation(person)
  }
  const [code = 'ok'] = await first
  stream.unsubscribe()
  return String(code)
}

/** Asks the chat subgraph itself, as the gateway does. */
async function askChat(query: string, variables: Record<string, unknown>, person: Person | null) {
  const body = JSON.stringify({ query, variables })
  const authorization = person && { authorization: `Bearer ${person.tokens.accessToken}` }
  const signature = new ServiceSigner(SERVICE_SECRET).sign('/graphql', body, { ...authorization })
  const headers = { 'content-type': 'application/json', ...authorization, [SIGNATURE_HEADER]: signature }
  const response = await fetch(`${graph.chatUrl}/graphql`, { method: 'POST', headers, body })
  return (await response.json()) as {
    data?: Record<string, unknown>
    errors?: { extensions: { code: string } }[]
  }
}

describe('Who may do what in which conversation', () => {
  it('is asked of every field that chat has at the root', () => {
    const document = parse(readFileSync('schema/chat.graphql', 'utf8'))
    const roots = document.definitions.flatMap((definition) =>
      definition.kind === AstKind.OBJECT_TYPE_DEFINITION &&
      ['Query', 'Mutation', 'Subscription'].includes(definition.name.value)
        ? (definition.fields ?? []).map((field) => field.name.value)
        : [],
    )
    const asked = new Set(conversationOperations.map(({ title }) => title.split(/\W/)[0]))
    expect(roots.length).toBeGreaterThan(25)
    expect(roots.filter((root) => !asked.has(root))).toEqual([])
  })

  describe.each(conversationOperations)('$title', (operation) => {
    it.each(KINDS)('in a conversation of kind %s', async (kind) => {
      const row = ROLES.map((role, index) => [role, operation.expected[kind][index]] as const)
      const expected = row.filter(([, word]) => word !== NOBODY)
      const outcomes = expected.map(async ([role]) => [role, await outcomeOf(operation, kind, role)])
      expect(Object.fromEntries(await Promise.all(outcomes))).toEqual(Object.fromEntries(expected))
    })
  })
})
