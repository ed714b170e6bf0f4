import type { MikroORM } from '@mikro-orm/postgresql'
import pg from 'pg'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createTestDatabase } from '../../tests/support/test-database.ts'
import { openAuthDatabase } from './database.ts'
import { Housekeeping } from './housekeeping.ts'
import { ManualClock } from './testing/auth-client.ts'

const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const ACCESS_TOKEN_SECONDS = 10 * MINUTE
const USER = '00000000-0000-7000-8000-000000000001'

const clock = new ManualClock()
let database: { url: string } & AsyncDisposable
let orm: MikroORM
let sql: pg.Client

beforeAll(async () => {
  database = await createTestDatabase()
  orm = await openAuthDatabase({ url: database.url, logger: pino({ level: 'silent' }) })
  sql = new pg.Client(database.url)
  await sql.connect()
  await sql.query(
    `INSERT INTO auth.user (id, email, email_key, username, username_key, display_name, roles, created_at)
     VALUES ($1, 'a@example.com', 'a@example.com', 'ada', 'ada', 'Ada', '{MEMBER}', $2)`,
    [USER, clock.now()],
  )
})

afterAll(async () => {
  await sql?.end()
  await orm?.close()
  await database?.[Symbol.asyncDispose]()
})

function startHousekeeping(everyMs?: number): string[] {
  const lines: string[] = []
  const logger = pino({ level: 'info' }, { write: (line: string) => lines.push(line) })
  const config = { sessions: { accessTokenSeconds: ACCESS_TOKEN_SECONDS } }
  const housekeeping = new Housekeeping({
    em: orm.em,
    config,
    logger,
    now: clock.now,
    ...(everyMs !== undefined && { everyMs }),
  })
  onTestFinished(() => housekeeping[Symbol.asyncDispose]())
  return lines
}

/** A moment so many seconds ago. */
const ago = (seconds: number) => new Date(clock.now().getTime() - seconds * 1000)

async function addToken(expiresAt: Date): Promise<void> {
  await sql.query(
    `INSERT INTO auth.mailed_token (digest, purpose, email_key, user_id, expires_at)
     VALUES (decode(md5(random()::text), 'hex'), 'VERIFY_EMAIL', 'a@example.com', $1, $2)`,
    [USER, expiresAt],
  )
}

async function addSignUp(expiresAt: Date): Promise<void> {
  await sql.query(
    `INSERT INTO auth.pending_sign_up
       (id, email, email_key, username, username_key, display_name, password_hash, created_at, expires_at)
     VALUES (gen_random_uuid(), 'b@example.com', 'b@example.com', 'bob', 'bob', 'Bob', '', $1, $1)`,
    [expiresAt],
  )
}

async function addJob(expiresAt: Date): Promise<void> {
  await sql.query(
    `INSERT INTO auth.mail_job (id, kind, user_id, next_attempt_at, expires_at)
     VALUES (gen_random_uuid(), 'TOKEN_REUSED', $1, $2, $2)`,
    [USER, expiresAt],
  )
}

async function addRevocation(revokedAt: Date): Promise<void> {
  await sql.query(
    'INSERT INTO auth.revocation (id, session_id, revoked_at) VALUES (gen_random_uuid(), gen_random_uuid(), $1)',
    [revokedAt],
  )
}

async function addSession(times: { idle: Date; absolute: Date; ended?: Date }): Promise<void> {
  await sql.query(
    `INSERT INTO auth.session
       (id, user_id, generation, token_digest, rotated_at, created_at, idle_expires_at, expires_at, ended_at)
     VALUES (gen_random_uuid(), $1, 1, '', $2, $2, $2, $3, $4)`,
    [USER, times.idle, times.absolute, times.ended ?? null],
  )
}

async function countOf(table: string): Promise<number> {
  const { rows } = await sql.query(`SELECT count(*)::int AS count FROM auth.${table}`)
  return rows[0].count
}

test.each([
  ['mailed_token', addToken, 1],
  ['pending_sign_up', addSignUp, 1],
  ['mail_job', addJob, HOUR + 1],
  ['revocation', addRevocation, ACCESS_TOKEN_SECONDS + 2 * MINUTE + 1],
] as const)('Of %s what is over is deleted, and nothing else', async (table, add, seconds) => {
  await add(ago(seconds - 1))
  await add(ago(seconds))
  await add(ago(-HOUR))
  startHousekeeping()
  await expect.poll(() => countOf(table)).toBe(2)
})

test('A session is deleted 30 days after it was ended or ran out', async () => {
  const later = ago(-DAY)
  const kept = [
    { idle: later, absolute: later },
    { idle: ago(30 * DAY), absolute: later },
    { idle: later, absolute: ago(30 * DAY) },
    { idle: later, absolute: later, ended: ago(30 * DAY) },
    { idle: ago(40 * DAY), absolute: ago(40 * DAY), ended: ago(30 * DAY) },
  ]
  const over = [
    { idle: ago(30 * DAY + 1), absolute: later },
    { idle: later, absolute: ago(30 * DAY + 1) },
    { idle: later, absolute: later, ended: ago(30 * DAY + 1) },
  ]
  for (const session of [...kept, ...over]) await addSession(session)
  startHousekeeping()
  await expect.poll(() => countOf('session')).toBe(kept.length)
})

test('More rows than one batch holds are all deleted', async () => {
  await sql.query(
    `INSERT INTO auth.revocation (id, session_id, revoked_at)
     SELECT gen_random_uuid(), gen_random_uuid(), $1 FROM generate_series(1, 2500)`,
    [ago(DAY)],
  )
  const before = await countOf('revocation')
  startHousekeeping()
  await expect.poll(() => countOf('revocation')).toBe(before - 2500)
})

test('It is done again and again, and what fails is in the log and keeps nothing else from being deleted', async () => {
  await sql.query('ALTER TABLE auth.pending_sign_up RENAME TO pending_sign_up_away')
  const lines = startHousekeeping(20)
  await expect.poll(() => lines.join()).toContain('could not delete what is over')
  const before = await countOf('revocation')
  await addRevocation(ago(DAY))
  await expect.poll(() => countOf('revocation')).toBe(before)
  await sql.query('ALTER TABLE auth.pending_sign_up_away RENAME TO pending_sign_up')
  const signUps = await countOf('pending_sign_up')
  await addSignUp(ago(DAY))
  await expect.poll(() => countOf('pending_sign_up')).toBe(signUps)
})
