import type { MikroORM } from '@mikro-orm/postgresql'
import pg from 'pg'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { newUuid } from '../../../platform/ids.ts'
import { createTestDatabase } from '../../../tests/support/test-database.ts'
import { openAuthDatabase } from '../database.ts'
import { ManualClock } from '../testing/auth-client.ts'
import { AuditAnonymisation } from './audit-anonymisation.ts'
import { DeletionLog } from './deletion-log.ts'

const OFTEN_MS = 20
const SOON = { timeout: 10_000, interval: OFTEN_MS }
const ACCESS_TOKEN_SECONDS = 600
const SETTLED_AFTER_SECONDS = 15 * 60
const WHERE_FROM = ['203.0.113.77', 'Browser/7', 'what happened']

const clock = new ManualClock()
let database: { url: string } & AsyncDisposable
let orm: MikroORM
let sql: pg.Client

beforeAll(async () => {
  database = await createTestDatabase()
  orm = await openAuthDatabase({ url: database.url, logger: pino({ level: 'silent' }) })
  sql = new pg.Client(database.url)
  await sql.connect()
})

afterAll(async () => {
  await sql?.end()
  await orm?.close()
  await database?.[Symbol.asyncDispose]()
})

/** A process that looks often; what it logs is collected. */
function start(everyMs = OFTEN_MS): { process: AuditAnonymisation; lines: string[] } {
  const lines: string[] = []
  const logger = pino({ level: 'info' }, { write: (line: string) => lines.push(line) })
  const process = new AuditAnonymisation({ em: orm.em, logger, now: clock.now, everyMs })
  onTestFinished(() => process[Symbol.asyncDispose]())
  return { process, lines }
}

/** Notes that an account was deleted now. */
async function addDeletion(userId: string): Promise<void> {
  const log = new DeletionLog({ em: orm.em, accessTokenSeconds: ACCESS_TOKEN_SECONDS, now: clock.now, ring: () => {} })
  await orm.em.fork().transactional((em) => log.append(em, userId))
}

/** Adds events that tell from where they were asked for. Ids are UUIDs. */
async function addEvents(count: number, actorId: string | null, subjectId: string | null): Promise<void> {
  await sql.query(
    `INSERT INTO auth.audit_event (id, action, actor_id, subject_id, ip_address, user_agent, details, created_at)
     SELECT gen_random_uuid(), 'user.updated', $2, $3, $4, $5, $6, now() FROM generate_series(1, $1)`,
    [count, actorId, subjectId, ...WHERE_FROM],
  )
}

/** How many events of somebody tell: from where, and what else. */
async function telling(userId: string): Promise<{ origins: number; details: number }> {
  const { rows } = await sql.query(
    `SELECT count(*) FILTER (WHERE ip_address IS NOT NULL OR user_agent IS NOT NULL)::int AS origins,
            count(details)::int AS details
     FROM auth.audit_event WHERE actor_id = $1 OR subject_id = $1`,
    [userId],
  )
  return rows[0]
}

/** When the events of somebody are looked through next; null: no more. */
async function nextLook(userId: string): Promise<Date | null> {
  const { rows } = await sql.query('SELECT anonymise_at FROM auth.deletion WHERE user_id = $1', [userId])
  return rows[0].anonymise_at
}

const NOTHING = { origins: 0, details: 0 }
const inSeconds = (seconds: number) => new Date(clock.now().getTime() + seconds * 1000)

test('Of more events than one batch holds all lose what tells of the person who left, and no others do', async () => {
  const [ada, bob] = [newUuid(), newUuid()]
  await addEvents(2_500, ada, ada)
  await addEvents(2_500, null, ada)
  await addEvents(3, ada, bob)
  await addEvents(4, bob, ada)
  await addEvents(5, bob, bob)
  await addEvents(6, null, bob)
  await addDeletion(ada)
  start()

  // What somebody else did keeps where they were; what they wrote about it goes.
  await expect.poll(() => telling(ada), SOON).toEqual({ origins: 4, details: 0 })
  expect(await telling(bob)).toEqual({ origins: 4 + 5 + 6, details: 5 + 6 })
})

test('What a process leaves that stops in the middle is done by the next one', async () => {
  const ada = newUuid()
  await addEvents(2_500, ada, ada)
  const holder = new pg.Client(database.url)
  await holder.connect()
  await holder.query('BEGIN')
  await holder.query(
    'SELECT FROM auth.audit_event WHERE id = (SELECT id FROM auth.audit_event WHERE actor_id = $1 ORDER BY id OFFSET 1500 LIMIT 1) FOR UPDATE',
    [ada],
  )
  await addDeletion(ada)
  const { process } = start()
  await expect.poll(() => telling(ada), SOON).toEqual({ origins: 1_500, details: 1_500 })
  const stopping = process[Symbol.asyncDispose]()
  await holder.end()
  await stopping
  expect(await telling(ada)).toEqual({ origins: 500, details: 500 })
  expect(await nextLook(ada)).toEqual(clock.now())

  start()
  await expect.poll(() => telling(ada), SOON).toEqual(NOTHING)
})

test('Two processes do it together without standing in one another’s way', async () => {
  const people = Array.from({ length: 4 }, newUuid)
  for (const userId of people) {
    await addEvents(1_200, userId, userId)
    await addDeletion(userId)
  }
  const processes = [start(), start()]
  for (const userId of people) {
    await expect.poll(() => telling(userId), SOON).toEqual(NOTHING)
    await expect.poll(() => nextLook(userId), SOON).toEqual(inSeconds(SETTLED_AFTER_SECONDS))
  }
  expect(processes.flatMap(({ lines }) => lines)).toEqual([])
})

test('It looks once more when the deletion is settled, for what a request under way has written since', async () => {
  const ada = newUuid()
  await addEvents(1, ada, ada)
  await addDeletion(ada)
  start()
  await expect.poll(() => nextLook(ada), SOON).toEqual(inSeconds(SETTLED_AFTER_SECONDS))
  await addEvents(1, ada, ada)
  await addEvents(1, null, ada)
  clock.advance(SETTLED_AFTER_SECONDS)

  await expect.poll(() => telling(ada), SOON).toEqual(NOTHING)
  await expect.poll(() => nextLook(ada), SOON).toBeNull()
})

test('It looks at once when it is woken', async () => {
  const ada = newUuid()
  const { process } = start(2 ** 30)
  await addEvents(1, ada, ada)
  await addDeletion(ada)
  process.wake()
  await expect.poll(() => telling(ada), SOON).toEqual(NOTHING)
})

test('What fails is in the log, and is done later', async () => {
  const ada = newUuid()
  await addEvents(1, ada, ada)
  await addDeletion(ada)
  await sql.query('ALTER TABLE auth.audit_event RENAME TO audit_event_away')
  const { lines } = start()
  await expect.poll(() => lines.join(), SOON).toContain('could not anonymise the audit events of a deleted account')
  await sql.query('ALTER TABLE auth.audit_event_away RENAME TO audit_event')
  await expect.poll(() => telling(ada), SOON).toEqual(NOTHING)
})
