import type { MikroORM } from '@mikro-orm/postgresql'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createLogger } from '../platform/logging.ts'
import { openChatDatabase } from '../subgraphs/chat/database.ts'
import { createTestDatabase, type TestDatabase } from '../tests/support/test-database.ts'
import { type CommandOutcome, runOnDatabaseOf } from './testing/command.ts'

let database: TestDatabase
let orm: MikroORM

beforeAll(async () => {
  database = await createTestDatabase()
  orm = await openChatDatabase(database.url, createLogger({ name: 'test', level: 'silent', format: 'json' }))
})

afterAll(async () => {
  await orm?.close(true)
  await database?.[Symbol.asyncDispose]()
})

function renew(...args: string[]): Promise<CommandOutcome> {
  return runOnDatabaseOf({ databaseUrl: database.url }, 'renew-epochs', args)
}

async function addConversations(count: number): Promise<void> {
  await orm.em.fork().execute(
    `INSERT INTO chat.conversation (id, kind, epoch, member_count)
     SELECT gen_random_uuid(), 'GROUP', gen_random_uuid(), 1 FROM generate_series(1, ?)`,
    [count],
  )
}

async function epochs(): Promise<string[]> {
  const rows = await orm.em.fork().execute<{ epoch: string }[]>('SELECT epoch FROM chat.conversation')
  return rows.map(({ epoch }) => epoch)
}

const AFTERWARDS = 'Clients that come back with an older cursor are told Reset, and read again what they show.\n'

describe('npm run renew-epochs', () => {
  test('gives every conversation a new epoch, and says how many there are', async () => {
    expect(await renew()).toEqual({
      stdout: 'There are no conversations yet, so there was nothing to renew.\n',
      stderr: '',
      code: 0,
    })
    await addConversations(1)
    expect((await renew()).stdout).toBe(`One conversation begins a new run of the event log. ${AFTERWARDS}`)
    await addConversations(6_000)
    const before = new Set(await epochs())
    expect(await renew()).toEqual({
      stdout: `6001 conversations begin a new run of the event log. ${AFTERWARDS}`,
      stderr: '',
      code: 0,
    })
    const after = await epochs()
    expect([new Set(after).size, after.filter((epoch) => before.has(epoch))]).toEqual([6_001, []])
  }, 60_000)

  test('says in one line what is wrong, and changes nothing', async () => {
    const before = (await epochs()).sort()
    const { stderr, code } = await renew('everything')
    expect([stderr, code]).toEqual([expect.stringContaining('Say: npm run renew-epochs\n'), 1])
    expect((await epochs()).sort()).toEqual(before)

    const elsewhere = await runOnDatabaseOf({ databaseUrl: 'mysql://127.0.0.1/parley' }, 'renew-epochs', [])
    expect([elsewhere.stderr, elsewhere.code]).toEqual([expect.stringContaining('DATABASE_URL: must be a Post'), 1])
  })
})
