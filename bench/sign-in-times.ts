/**
 * Measures whether a sign-in takes as long for somebody who does not exist as for a wrong password: if not, anybody with
 * a clock could tell who has an account. Prints both medians; fails when they are more than 10 % apart, which can also
 * be the noise of a machine that has something else to do.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDatabase } from '../local/postgres/create-database.ts'
import { startEmbeddedPostgres } from '../local/postgres/embedded-postgres.ts'
import { Resources } from '../platform/resources.ts'
import { readAuthConfig } from '../subgraphs/auth/config.ts'
import { startAuth } from '../subgraphs/auth/subgraph.ts'
import { AuthClient, ManualClock, newPerson, testEnvironment } from '../subgraphs/auth/testing/auth-client.ts'

const SIGN_INS = 200
const WARM_UP = 20
const FARTHEST_APART = 0.1
const DATABASE = 'auth'
const NEVER = '1000000000'
const HIGH_LIMITS = { RATE_LIMIT_SIGN_IN_FAILURES: NEVER, RATE_LIMIT_SIGN_UP: NEVER }

const resources = new Resources()
try {
  const client = await startServer()
  const known = newPerson()
  await client.signUp(known)
  const unknownUser = () => timeOf(() => client.signIn(newPerson().email, 'a wrong password'))
  const wrongPassword = () => timeOf(() => client.signIn(known.email, 'a wrong password'))
  await measure([unknownUser, wrongPassword], WARM_UP)
  const [unknown = [], wrong = []] = await measure([unknownUser, wrongPassword], SIGN_INS)
  report(median(unknown), median(wrong))
} finally {
  await resources[Symbol.asyncDispose]()
}

/** The auth subgraph with a database of its own, and limits that nothing here reaches. */
async function startServer(): Promise<AuthClient> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'parley-bench-'))
  resources.defer(() => rm(dataDirectory, { recursive: true, force: true }))
  const postgres = resources.use(await startEmbeddedPostgres({ dataDirectory }))
  await createDatabase(postgres, DATABASE)
  const clock = new ManualClock()
  const environment = { ...testEnvironment(postgres.urlOf(DATABASE)), ...HIGH_LIMITS }
  const auth = resources.use(await startAuth(readAuthConfig(environment), { now: clock.now }))
  return new AuthClient(auth.url, clock)
}

/** The milliseconds of each work, round by round and each round in a random order: what else goes on falls on both. */
async function measure(works: readonly (() => Promise<number>)[], rounds: number): Promise<number[][]> {
  const times = works.map((work) => ({ work, taken: [] as number[] }))
  for (let round = 0; round < rounds; round += 1) {
    const order = Math.random() < 0.5 ? times : times.toReversed()
    for (const { work, taken } of order) taken.push(await work())
  }
  return times.map(({ taken }) => taken)
}

async function timeOf(signIn: () => Promise<{ userErrors: { code: string }[] }>): Promise<number> {
  const startedAt = performance.now()
  const { userErrors } = await signIn()
  const time = performance.now() - startedAt
  if (userErrors[0]?.code !== 'INVALID_CREDENTIALS') throw new Error('A sign-in was not refused as it should be.')
  return time
}

function median(times: readonly number[]): number {
  const ascending = times.toSorted((a, b) => a - b)
  const [below = Number.NaN, above = Number.NaN] = [(ascending.length - 1) / 2, ascending.length / 2].map(
    (index) => ascending[Math.floor(index)],
  )
  return (below + above) / 2
}

function report(unknown: number, wrong: number): void {
  const ratio = unknown / wrong
  const isFine = Math.abs(ratio - 1) <= FARTHEST_APART
  process.stdout.write(
    `median of ${SIGN_INS} sign-ins each: unknown user ${unknown.toFixed(2)} ms, wrong password ${wrong.toFixed(2)} ms, ` +
      `ratio ${ratio.toFixed(3)} (${isFine ? 'within' : 'NOT within'} ${FARTHEST_APART * 100} %)\n`,
  )
  if (!isFine) process.exitCode = 1
}
