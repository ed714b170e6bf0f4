import { readFileSync } from 'node:fs'
import { Kind, parse } from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AccountOperation, accountOperations, COLUMNS, type Column } from './support/account-operations.ts'
import { GraphClient } from './support/graph-client.ts'
import { signUp, signUpAs } from './support/people.ts'
import { startTestGraph, type TestGraph } from './support/test-graph.ts'

let graph: TestGraph
beforeAll(async () => {
  graph = await startTestGraph()
})
afterAll(() => graph[Symbol.asyncDispose]())

/** Somebody new with this role. */
const newcomer = (role: 'MEMBER' | 'MODERATOR' | 'ADMIN') =>
  role === 'MEMBER' ? signUp(graph, 'member') : signUpAs(graph, role)

/** What came of it, in one word: a code, `null`, or `ok`. */
async function outcomeOf({ document, variables }: AccountOperation, column: Column): Promise<string> {
  const subject = await newcomer('MEMBER')
  const actor = column === 'signed out' ? new GraphClient(graph.url) : await actorFor(column, subject)
  const { data, errors } = await actor.send<Record<string, unknown>>(document, variables(subject))
  const [error] = errors ?? []
  if (error) return error.extensions.code
  const [answer] = Object.values(data ?? {})
  const { userErrors, seen } = (answer ?? {}) as { userErrors?: { code: string }[]; seen?: unknown }
  if (userErrors?.[0]) return `user error ${userErrors[0].code}`
  return answer === null || seen === null ? 'null' : 'ok'
}

async function actorFor(column: Exclude<Column, 'signed out'>, subject: { client: GraphClient }): Promise<GraphClient> {
  return column === 'self' ? subject.client : (await newcomer(column)).client
}

describe('Who may do what', () => {
  it('is asked of every field that auth has at the root', () => {
    const document = parse(readFileSync('schema/auth.graphql', 'utf8'))
    const roots = document.definitions.flatMap((definition) =>
      definition.kind === Kind.OBJECT_TYPE_DEFINITION && ['Query', 'Mutation'].includes(definition.name.value)
        ? (definition.fields ?? []).map((field) => field.name.value)
        : [],
    )
    const asked = new Set(accountOperations.map(({ title }) => title.split(' ')[0]))
    expect(roots.filter((root) => !asked.has(root))).toEqual([])
  })

  describe.each(accountOperations)('$title', (operation) => {
    it.each(COLUMNS)('by somebody who is: %s', async (column) => {
      expect(await outcomeOf(operation, column)).toBe(operation.expected[COLUMNS.indexOf(column)])
    })
  })
})
