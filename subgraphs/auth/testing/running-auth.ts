import pg from 'pg'
import { createTestDatabase } from '../../../tests/support/test-database.ts'
import { readAuthConfig } from '../config.ts'
import { type AuthOverrides, startAuth } from '../subgraph.ts'
import { AuthClient, type ManualClock, testEnvironment } from './auth-client.ts'

/** The auth subgraph on a database of its own, with a client, and a connection to look behind the curtain. */
export interface RunningAuth extends AsyncDisposable {
  readonly url: string
  readonly databaseUrl: string
  readonly client: AuthClient
  readonly sql: pg.Client
}

/**
 * Starts what a test file talks to; it tells the time by the clock.
 *
 * @param environment variables on top of the tests' own.
 */
export async function startTestAuth(
  clock: ManualClock,
  environment: Record<string, string> = {},
  overrides: Pick<AuthOverrides, 'logger' | 'bus'> = {},
): Promise<RunningAuth> {
  const database = await createTestDatabase()
  const auth = await startAuth(readAuthConfig({ ...testEnvironment(database.url), ...environment }), {
    ...overrides,
    now: clock.now,
  })
  const sql = new pg.Client(database.url)
  await sql.connect()
  return {
    url: auth.url,
    databaseUrl: database.url,
    client: new AuthClient(auth.url, clock),
    sql,
    async [Symbol.asyncDispose]() {
      await sql.end()
      await auth[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    },
  }
}
