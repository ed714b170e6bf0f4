import { afterAll, describe, expect, it } from 'vitest'
import { openChatFixture } from '../testing/chat-fixture.ts'

const chat = await openChatFixture()
afterAll(() => chat[Symbol.asyncDispose]())

/** What the migrations made of a table. */
async function columnsOf(table: string): Promise<string[]> {
  const rows = await chat.fork().execute<{ column: string; isNullable: boolean }[]>(
    `SELECT column_name AS "column", is_nullable = 'YES' AS "isNullable" FROM information_schema.columns
     WHERE table_schema = 'chat' AND table_name = ?`,
    [table],
  )
  return rows.map(describeColumn).sort()
}

const describeColumn = ({ column, isNullable }: { column: string; isNullable: boolean }) =>
  `${column}${isNullable ? ', or null' : ''}`

describe('The table of the entity', () => {
  const entities = [...chat.fork().getMetadata().getAll().values()].filter(({ tableName }) => tableName)

  it('is there for every entity', () => {
    expect(entities.length).toBeGreaterThanOrEqual(6)
  })

  it.each(entities.map((entity) => [entity.className, entity] as const))('%s has its columns', async (_, entity) => {
    const described = entity.props.flatMap(({ fieldNames, nullable }) =>
      (fieldNames ?? []).map((column) => describeColumn({ column, isNullable: nullable === true })),
    )
    expect(await columnsOf(entity.tableName)).toEqual(described.sort())
  })
})
