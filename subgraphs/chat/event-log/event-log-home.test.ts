import { randomUUID } from 'node:crypto'
import { appendFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { EntityManager } from '@mikro-orm/postgresql'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ensureDatabase } from '../../../local/postgres/create-database.ts'
import { startEmbeddedPostgres } from '../../../local/postgres/embedded-postgres.ts'
import { createLogger } from '../../../platform/logging.ts'
import { temporaryFolder } from '../../../platform/testing/temporary-folder.ts'
import { administer } from '../../../tests/support/administer.ts'
import { createTestDatabase, type TestDatabase } from '../../../tests/support/test-database.ts'
import { openChatDatabase } from '../database.ts'
import { EventLogHome } from './event-log-home.ts'
import { restoredFrom } from './testing/restored-database.ts'

const NEVER_MS = 2 ** 30

const silent = () => createLogger({ name: 'test', level: 'silent', format: 'json' })

/** What chat is in these tests: its database, and what watches over it. */
interface Chat extends AsyncDisposable {
  readonly home: EventLogHome
  /** What was logged as information and as a warning. */
  readonly told: { info: unknown[]; warn: unknown[] }
  fork(): EntityManager
}

async function openChat({ url }: { url: string }, checkEveryMs = NEVER_MS): Promise<Chat> {
  const told = { info: [] as unknown[], warn: [] as unknown[] }
  const logger = silent()
  const orm = await openChatDatabase(url, logger)
  logger.info = (facts: unknown) => void told.info.push(facts)
  logger.warn = (facts: unknown) => void told.warn.push(facts)
  const fork = () => orm.em.fork()
  const home = new EventLogHome({ fork, logger, checkEveryMs })
  return {
    home,
    told,
    fork,
    async [Symbol.asyncDispose]() {
      await home[Symbol.asyncDispose]()
      await orm.close(true)
    },
  }
}

/** Runs statements as the server's administrator. */
type RunAsAdministrator = (statements: string) => Promise<unknown>

/** A database in which chat has run, and so many conversations were made. */
async function databaseWith(conversations: number): Promise<TestDatabase> {
  const database = await createTestDatabase()
  onTestFinished(() => database[Symbol.asyncDispose]())
  await using chat = await openChat(database)
  await chat.home.settle()
  await addConversations(chat, conversations)
  return database
}

async function addConversations(chat: Chat, count: number): Promise<void> {
  await chat.fork().execute(
    `INSERT INTO chat.conversation (id, kind, epoch, member_count)
     SELECT gen_random_uuid(), 'GROUP', gen_random_uuid(), 1 FROM generate_series(1, ?)`,
    [count],
  )
}

async function restore(backup: TestDatabase): Promise<TestDatabase> {
  const restored = await restoredFrom(backup)
  onTestFinished(() => restored[Symbol.asyncDispose]())
  return restored
}

async function epochsOf(chat: Chat): Promise<Map<string, string>> {
  const rows = await chat.fork().execute<{ id: string; epoch: string }[]>('SELECT id, epoch FROM chat.conversation')
  return new Map(rows.map(({ id, epoch }) => [id, epoch]))
}

async function identityOf(chat: Chat): Promise<Record<string, string> | undefined> {
  const [row] = await chat
    .fork()
    .execute<{ identity: Record<string, string> }[]>('SELECT identity FROM chat.event_log_home')
  return row?.identity
}

/** How many of these epochs are still those of the same conversations. */
const unchanged = (before: Map<string, string>, after: Map<string, string>) =>
  [...before].filter(([id, epoch]) => after.get(id) === epoch).length

describe('the first start', () => {
  it('stores where the log is, also when several processes start, and changes no epoch', async () => {
    const database = await createTestDatabase()
    onTestFinished(() => database[Symbol.asyncDispose]())
    await using one = await openChat(database)
    await using two = await openChat(database)
    await addConversations(one, 3)
    const before = await epochsOf(one)
    await Promise.all([one.home.settle(), two.home.settle(), one.home.settle()])

    expect(await identityOf(one)).toEqual({
      cluster: expect.stringMatching(/^\d{15,20}$/),
      timeline: '00000001',
      database: expect.stringMatching(/^\d+$/),
      table: expect.stringMatching(/^\d+$/),
    })
    expect(unchanged(before, await epochsOf(one))).toBe(3)
    expect([one.told, two.told]).toEqual(Array(2).fill({ info: [], warn: [] }))
  })

  it('is followed by others that change nothing either', async () => {
    const database = await databaseWith(3)
    await using chat = await openChat(database)
    const before = await epochsOf(chat)
    await chat.home.settle()
    expect(unchanged(before, await epochsOf(chat))).toBe(3)
    expect(chat.told.warn).toEqual([])
  })
})

describe('a restored database', () => {
  it('gives every conversation a new epoch once, and the one it came from none', async () => {
    const original = await databaseWith(12_000)
    await using restored = await openChat(await restore(original))
    const before = await epochsOf(restored)
    await restored.home.settle()
    const renewed = await epochsOf(restored)
    expect([unchanged(before, renewed), new Set(renewed.values()).size]).toEqual([0, 12_000])
    expect(restored.told.warn).toEqual([{ conversations: 12_000, changed: ['database'] }])

    await restored.home.settle()
    expect(unchanged(renewed, await epochsOf(restored))).toBe(12_000)
    await using chat = await openChat(original)
    await chat.home.settle()
    expect(unchanged(before, await epochsOf(chat))).toBe(12_000)
    expect(chat.told.warn).toEqual([])
  })

  it('is renewed by one of the processes that start on it at once, and none goes on before that is done', async () => {
    const database = await restore(await databaseWith(20_000))
    const chats = await Promise.all([openChat(database), openChat(database), openChat(database)])
    const [first] = chats
    if (!first) throw new Error('There is no process.')
    const before = await epochsOf(first)
    const seen = await Promise.all(
      chats.map(async (chat) => {
        await chat.home.settle()
        return epochsOf(chat)
      }),
    )

    const after = await epochsOf(first)
    expect(unchanged(before, after)).toBe(0)
    expect(seen.map((epochs) => unchanged(epochs, after))).toEqual([20_000, 20_000, 20_000])
    expect(chats.flatMap(({ told }) => told.warn)).toEqual([{ conversations: 20_000, changed: ['database'] }])
    for (const chat of chats) await chat[Symbol.asyncDispose]()
  })

  it('is renewed all over by the next process when one dies in the middle', async () => {
    const database = await restore(await databaseWith(12_000))
    await using chat = await openChat(database)
    const [stored, before] = [await identityOf(chat), await epochsOf(chat)]
    let steps = 0
    const dying = () => {
      steps += 1
      if (steps > 4) throw new Error('killed')
      return chat.fork()
    }
    await using home = new EventLogHome({ fork: dying, logger: silent(), checkEveryMs: NEVER_MS })
    await expect(home.settle()).rejects.toThrow('killed')
    expect(unchanged(before, await epochsOf(chat))).toBe(2_000)
    expect(await identityOf(chat)).toEqual(stored)

    await chat.home.settle()
    expect(unchanged(before, await epochsOf(chat))).toBe(0)
    expect(await identityOf(chat)).not.toEqual(stored)
    expect(chat.told.warn).toEqual([{ conversations: 12_000, changed: ['database'] }])
  })

  it('keeps no process from stopping, which leaves the rest to the next', async () => {
    const database = await restore(await databaseWith(12_000))
    await using stopped = await openChat(database, 20)
    const [stored, before] = [await identityOf(stopped), await epochsOf(stopped)]
    const writer = stopped.fork()
    await writer.begin()
    const middle = [...before.keys()].sort()[7_000]
    await writer.execute('SELECT FROM chat.conversation WHERE id = ? FOR NO KEY UPDATE', [middle])
    await expect.poll(async () => unchanged(before, await epochsOf(stopped))).toBe(7_000)
    const stopping = stopped.home[Symbol.asyncDispose]()
    await writer.commit()
    await stopping
    expect([await identityOf(stopped), stopped.told.warn]).toEqual([stored, []])
    expect(unchanged(before, await epochsOf(stopped))).toBe(2_000)

    await using next = await openChat(database)
    await next.home.settle()
    expect(unchanged(before, await epochsOf(next))).toBe(0)
  })
})

describe('a running process', () => {
  it('sees that its server was recovered to a point in time, and gives every conversation a new epoch', async () => {
    const dataDirectory = await temporaryFolder()
    const first = await startEmbeddedPostgres({ dataDirectory })
    await ensureDatabase(first, 'parley')
    // The link leads to whichever server runs.
    const socket = encodeURIComponent(join(dataDirectory, 'socket'))
    const url = first.urlOf('parley').replace(encodeURIComponent(first.connection.host), socket)
    const chat = await openChat({ url }, 50)
    onTestFinished(() => chat[Symbol.asyncDispose]())
    await chat.home.settle()
    await addConversations(chat, 3)
    const [before, stored] = [await epochsOf(chat), await identityOf(chat)]
    await first[Symbol.asyncDispose]()
    await writeFile(join(dataDirectory, 'cluster', 'recovery.signal'), '')
    await appendFile(join(dataDirectory, 'cluster', 'postgresql.auto.conf'), "restore_command = 'false'\n")
    const second = await startEmbeddedPostgres({ dataDirectory })
    onTestFinished(() => second[Symbol.asyncDispose]())

    await expect.poll(() => identityOf(chat)).toEqual({ ...stored, timeline: '00000002' })
    expect(unchanged(before, await epochsOf(chat))).toBe(0)
    expect(chat.told.warn).toContainEqual({ conversations: 3, changed: ['timeline'] })
  })

  it('leaves it to the one of several that was first', async () => {
    const database = await databaseWith(100)
    const chats = await Promise.all([openChat(database, 20), openChat(database, 20), openChat(database, 20)])
    const [one] = chats
    if (!one) throw new Error('There is no process.')
    const before = await epochsOf(one)
    await one.fork().execute(`UPDATE chat.event_log_home SET identity = identity || '{ "cluster": "another" }'`)
    await expect.poll(async () => unchanged(before, await epochsOf(one))).toBe(0)
    await expect.poll(async () => (await identityOf(one))?.cluster).not.toBe('another')
    for (const chat of chats) await chat[Symbol.asyncDispose]()
    expect(chats.flatMap(({ told }) => told.warn)).toEqual([{ conversations: 100, changed: ['cluster'] }])
  })
})

describe('a role that may not ask for everything', () => {
  const WITHHELD = 'FUNCTION pg_control_system(), pg_walfile_name(pg_lsn)'

  /** A database in which an ordinary role owns the schema; the URL is that role's. */
  async function databaseOfRole(): Promise<{ url: string; run: RunAsAdministrator }> {
    const database = await createTestDatabase()
    const role = `role_${randomUUID().replaceAll('-', '')}`
    const run: RunAsAdministrator = (statements) => administer(database.url, statements)
    await run(`CREATE ROLE ${role} LOGIN; CREATE SCHEMA chat AUTHORIZATION ${role}; CREATE EXTENSION pg_trgm`)
    onTestFinished(async () => {
      await run(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
      await database[Symbol.asyncDispose]()
    })
    return { url: database.url.replace(/\/\/[^@]+@/u, `//${role}@`), run }
  }

  const partsOf = async (chat: Chat) => Object.keys((await identityOf(chat)) ?? {}).sort()

  it('may ask as an ordinary one', async () => {
    const { url } = await databaseOfRole()
    await using chat = await openChat({ url })
    await chat.home.settle()
    expect(await partsOf(chat)).toEqual(['cluster', 'database', 'table', 'timeline'])
    expect(chat.told.info).toEqual([])
  })

  it('starts all the same, and says once what it cannot know', async () => {
    const { url, run } = await databaseOfRole()
    await run(`REVOKE EXECUTE ON ${WITHHELD} FROM PUBLIC`)
    await using chat = await openChat({ url })
    await chat.home.settle()
    await addConversations(chat, 2)
    await chat.home.settle()
    expect(await partsOf(chat)).toEqual(['database', 'table'])
    expect(chat.told.info).toEqual([{ missing: ['cluster', 'timeline'] }])
  })

  it('changes no epoch by what it may ask from now on, or no more', async () => {
    const { url, run } = await databaseOfRole()
    await run(`REVOKE EXECUTE ON ${WITHHELD} FROM PUBLIC`)
    await using chat = await openChat({ url })
    await chat.home.settle()
    await addConversations(chat, 2)
    const before = await epochsOf(chat)
    for (const change of ['GRANT EXECUTE ON $ TO PUBLIC', 'REVOKE EXECUTE ON $ FROM PUBLIC']) {
      await run(change.replace('$', WITHHELD))
      await chat.home.settle()
      expect(await partsOf(chat)).toEqual(['cluster', 'database', 'table', 'timeline'])
    }
    expect([unchanged(before, await epochsOf(chat)), chat.told.warn]).toEqual([2, []])
  })
})
