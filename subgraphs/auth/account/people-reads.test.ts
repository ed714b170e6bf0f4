import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Viewer } from '../../../platform/access-token.ts'
import { newUuid } from '../../../platform/ids.ts'
import { AuditEvent } from '../audit/audit-event.entity.ts'
import { type CountedReads, openCountedReads } from '../testing/counted-reads.ts'

const PERSON = 'id username email emailVerified roles status totpEnabled sessions { id lastUsedAt isCurrent }'
const page = (list: string, selection: string) => (first: number) =>
  `{ page: ${list.replace('FIRST', `first: ${first}`)} { edges { cursor node { ${selection} } } pageInfo { endCursor } } }`

let reads: CountedReads
let admin: Viewer

beforeAll(async () => {
  reads = await openCountedReads()
  admin = await reads.add('ADMIN')
  await addEvents(16)
})

afterAll(() => reads?.[Symbol.asyncDispose]())

/** Each by a new user and about another one. */
async function addEvents(count: number): Promise<void> {
  for (let added = 0; added < count; added += 1) {
    const [actor, subject] = [await reads.add('MEMBER'), await reads.add('MEMBER')]
    const em = reads.fork()
    const entry = { id: newUuid(), action: 'user.updated', createdAt: new Date() } as const
    em.create(AuditEvent, { ...entry, actorId: actor.userId, subjectId: subject.userId })
    await em.flush()
  }
}

describe('A page of', () => {
  test.each([
    ['users with what is theirs alone', page('users(FIRST)', PERSON)],
    ['found users', page('searchUsers(query: "robin", FIRST)', PERSON)],
    ['the audit log with its people', page('auditEvents(FIRST)', `id actor { ${PERSON} } subject { ${PERSON} }`)],
  ])('%s takes as many SQL statements for sixteen as for four', async (_what, queryFor) => {
    const few = await reads.ask(admin, queryFor(4))
    const many = await reads.ask(admin, queryFor(16))
    expect([few, many].map(({ data }) => (data as { page: { edges: [] } }).page.edges.length)).toEqual([4, 16])
    expect(few.statements.length).toBeGreaterThan(1)
    expect(many.statements.length, many.statements.join('\n')).toBe(few.statements.length)
  })

  test('users is counted only when somebody asks', async () => {
    const uncounted = await reads.ask(admin, '{ users { nodes { id } } }')
    const counted = await reads.ask(admin, '{ users { nodes { id } totalCount } }')
    const countsIn = ({ statements }: { statements: string[] }) => statements.filter((text) => /count\(/.test(text))
    expect(countsIn(uncounted)).toEqual([])
    expect(countsIn(counted)).toHaveLength(1)
    // One for the viewer, one for the page.
    expect(uncounted.statements).toHaveLength(2)
    expect(counted.statements).toHaveLength(3)
  })

  test('found users is never counted', async () => {
    const { statements } = await reads.ask(admin, '{ searchUsers(query: "robin") { nodes { id } totalCount } }')
    expect(statements).toHaveLength(2)
  })
})
