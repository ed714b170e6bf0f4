import type { EntityManager } from '@mikro-orm/postgresql'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newUuid } from '../../../platform/ids.ts'
import { createTestDatabase, type TestDatabase } from '../../../tests/support/test-database.ts'
import { newUser } from '../account/new-account.ts'
import { openAuthDatabase } from '../database.ts'
import { newPerson } from '../testing/auth-client.ts'
import { Totp } from './totp.entity.ts'
import { createTotpLoader } from './totp.loader.ts'

const NOW = new Date('2026-03-01T12:00:00.000Z')
const statements: string[] = []
let database: TestDatabase
let orm: Awaited<ReturnType<typeof openAuthDatabase>>

beforeAll(async () => {
  database = await createTestDatabase()
  const write = (line: string) => statements.push(JSON.parse(line).msg)
  orm = await openAuthDatabase({ url: database.url, logger: pino({ level: 'debug' }, { write }) })
  orm.config.set('debug', ['query'])
})

afterAll(async () => {
  await orm?.close()
  await database?.[Symbol.asyncDispose]()
})

/** A user; with a second factor when it is said when it was confirmed, or that it was not. */
function addUser(em: EntityManager, totp?: { confirmedAt: Date | null }): string {
  const { email, username, displayName } = newPerson()
  const named = { email: { text: email, key: email }, username: { text: username, key: username }, displayName }
  const user = newUser(em, newUuid(), named, NOW)
  if (totp) em.create(Totp, { user, sealedSecret: Buffer.alloc(48), createdAt: NOW, lastStep: 0, ...totp })
  return user.id
}

test('A page of users costs one statement, and a second factor that is only begun does not count', async () => {
  const em = orm.em.fork()
  const begun = addUser(em, { confirmedAt: null })
  const without = addUser(em)
  const inForce = Array.from({ length: 50 }, () => addUser(em, { confirmedAt: NOW }))
  await em.flush()
  statements.splice(0)
  const loader = createTotpLoader(orm.em.fork())
  const answers = await Promise.all([begun, without, newUuid(), ...inForce].map((id) => loader.load(id)))
  expect(answers).toEqual([false, false, false, ...Array(50).fill(true)])
  expect(statements).toHaveLength(1)
  expect(statements[0]).not.toContain('sealed_secret')
})

test('What was asked before is asked anew', async () => {
  const em = orm.em.fork()
  const id = addUser(em, { confirmedAt: null })
  await em.flush()
  const loader = createTotpLoader(orm.em.fork())
  expect(await loader.load(id)).toBe(false)
  await em.nativeUpdate(Totp, { user: id }, { confirmedAt: NOW })
  expect(await loader.load(id)).toBe(true)
})
