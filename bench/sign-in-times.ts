/**
 * Measures whether a sign-in takes as long for somebody who does not exist as for a wrong password: if not, anybody with
 * a clock could tell who has an account. Prints both medians; fails when they are more than 10 % apart, which can also
 * be the noise of a machine that has something else to do.
 */
import { Resources } from '../platform/resources.ts'
import { readAuthConfig } from '../subgraphs/auth/config.ts'
import { startAuth } from '../subgraphs/auth/subgraph.ts'
import { AuthClient, ManualClock, newPerson, testEnvironment } from '../subgraphs/auth/testing/auth-client.ts'
import { openBenchDatabase } from './database.ts'
import { measureInTurn, quantile, timeOf } from './measurement.ts'

const SIGN_INS = 200
const WARM_UP = 20
const FARTHEST_APART = 0.1
const NEVER = '1000000000'
const HIGH_LIMITS = { RATE_LIMIT_SIGN_IN_FAILURES: NEVER, RATE_LIMIT_SIGN_UP: NEVER }

const resources = new Resources()
try {
  const client = await startServer()
  const known = newPerson()
  await client.signUp(known)
  const unknownUser = () => refusalOf(() => client.signIn(newPerson().email, 'a wrong password'))
  const wrongPassword = () => refusalOf(() => client.signIn(known.email, 'a wrong password'))
  await measureInTurn([unknownUser, wrongPassword], WARM_UP)
  const [unknown = [], wrong = []] = await measureInTurn([unknownUser, wrongPassword], SIGN_INS)
  report(quantile(unknown, 0.5), quantile(wrong, 0.5))
} finally {
  await resources[Symbol.asyncDispose]()
}

/** The auth subgraph with a database of its own, and limits that nothing here reaches. */
async function startServer(): Promise<AuthClient> {
  const clock = new ManualClock()
  const environment = { ...testEnvironment(await openBenchDatabase(resources)), ...HIGH_LIMITS }
  const auth = resources.use(await startAuth(readAuthConfig(environment), { now: clock.now }))
  return new AuthClient(auth.url, clock)
}

/** The milliseconds that a sign-in takes which must be refused. */
function refusalOf(signIn: () => Promise<{ userErrors: { code: string }[] }>): Promise<number> {
  return timeOf(async () => {
    const { userErrors } = await signIn()
    if (userErrors[0]?.code !== 'INVALID_CREDENTIALS') throw new Error('A sign-in was not refused as it should be.')
  })
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
