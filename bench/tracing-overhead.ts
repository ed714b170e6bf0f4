/**
 * Measures what tracing costs a graph in one process: one query (gateway, auth, one SQL statement), four processes in turn, in
 * rounds of a random order, the processor's time of each by the kernel's count. One has the hooks of tracing taken out, one has
 * them and no collector, two record a hundredth and all of their traces.
 *
 * What tracing costs while it is off is less than such rounds can tell apart. So it is bounded by calculation too: how many
 * hooks an operation calls, times what one takes that does nothing. The run fails when that is more than a hundredth.
 */
import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Resources } from '../platform/resources.ts'
import { inSpan } from '../platform/tracing/spans.ts'
import { startTraceCollector } from '../tests/support/trace-collector.ts'
import { openBenchDatabase } from './database.ts'
import { judge, measureInTurn, print, quantile } from './measurement.ts'
import { positiveNumber } from './positive-number.ts'
import { type Role, startRole } from './processes.ts'

const BYPASS = fileURLToPath(new URL('./tracing/bypass.ts', import.meta.url))
const AT_ONCE = 8
const WARM_UP = 600
const MOST_SHARE = 0.01
const HOOK_CALLS = 5_000_000

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '16' }, operations: { type: 'string', default: '400' } },
})
const rounds = positiveNumber(values, 'rounds')
const operations = positiveNumber(values, 'operations')

/** One process of those that are compared. */
interface Side {
  readonly title: string
  readonly role: Role
  readonly token: string
}

const resources = new Resources()
const folder = await mkdtemp(join(tmpdir(), 'parley-bench-'))
const callsFile = join(folder, 'calls')
let counted = 0
let cpuMs = Number.NaN
try {
  const sides = await startSides()
  for (const side of sides) await run(side, WARM_UP)
  const taken = await measureInTurn(
    sides.map((side) => () => cpuOf(side)),
    rounds,
  )
  counted = WARM_UP + rounds * operations
  const medians = taken.map((times) => quantile(times, 0.5))
  const [bare = Number.NaN] = medians
  cpuMs = bare
  for (const [index, { title }] of sides.entries()) {
    const [times = [], median = Number.NaN] = [taken[index], medians[index]]
    const spread = `${(quantile(times, 0.25) * 1_000).toFixed(0)} to ${(quantile(times, 0.75) * 1_000).toFixed(0)}`
    const more = `${((median / bare - 1) * 100).toFixed(1)} % more than without hooks`
    print(`${title}: ${(median * 1_000).toFixed(0)} µs of processor an operation (middle half ${spread}), ${more}`)
  }
} finally {
  await resources[Symbol.asyncDispose]()
}
const calls = Number(await readFile(callsFile, 'utf8')) / counted
await rm(folder, { recursive: true, force: true })
const hookNs = costOfHook()
print(
  `${calls.toFixed(1)} calls of hooks an operation, what the process does beside it included, ${hookNs.toFixed(0)} ns each`,
)
judge('tracing that is off, by calculation, as a share of an operation', (calls * hookNs) / (cpuMs * 1e6), {
  atMost: MOST_SHARE,
})

async function startSides(): Promise<Side[]> {
  const databaseUrl = await openBenchDatabase(resources)
  const collector = resources.use(await startTraceCollector())
  const recording = (ratio: string) => ({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_TRACES_SAMPLER_ARG: ratio,
  })
  const signingKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const shared = {
    DATABASE_URL: databaseUrl,
    DATA_DIR: folder,
    SERVICE_SECRET: randomBytes(32).toString('hex'),
    JWT_SIGNING_KEY: signingKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    ...{ AUTH_PORT: '0', CHAT_PORT: '0', RATE_LIMIT_SIGN_UP: '1000' },
  }
  const start = async (title: string, environment: Record<string, string>, flags: readonly string[] = []) => {
    const role = await startRole(resources, 'local/main.ts', 'PORT', {
      environment: { ...shared, ...environment },
      flags,
    })
    return { title, role, token: await signUp(role) }
  }
  return [
    await start('hooks taken out', { BENCH_CALLS: callsFile }, ['--import', BYPASS]),
    await start('off', {}),
    await start('on, ratio 0.01', recording('0.01')),
    await start('on, ratio 1', recording('1')),
  ]
}

async function signUp(role: Role): Promise<string> {
  const username = `bench-${randomUUID().slice(0, 8)}`
  const input = { email: `${username}@example.org`, username, displayName: 'Bench', password: randomUUID() }
  const { signUp } = await ask<{ signUp: { tokens: { accessToken: string } } }>(role, {
    query: 'mutation SignUp($input: SignUpInput!) { signUp(input: $input) { tokens { accessToken } } }',
    variables: { input },
  })
  return signUp.tokens.accessToken
}

async function ask<Data>({ url }: Role, body: object, token?: string): Promise<Data> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(body),
  })
  const { data, errors } = (await response.json()) as { data?: Data; errors?: unknown }
  if (!data || errors) throw new Error(`The graph answered ${JSON.stringify(errors)}.`)
  return data
}

/** Runs queries, eight at a time. */
async function run({ role, token }: Side, count: number): Promise<void> {
  let left = count
  const body = { query: '{ me { id displayName email } }' }
  const asker = async () => {
    while (left > 0) {
      left -= 1
      await ask(role, body, token)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, asker))
}

/** The processor's time for one of them, in milliseconds. */
async function cpuOf(side: Side): Promise<number> {
  const before = await side.role.cpuMs()
  await run(side, operations)
  return ((await side.role.cpuMs()) - before) / operations
}

/** What a hook takes while nobody records, in nanoseconds. */
function costOfHook(): number {
  let sum = 0
  const hook = (index: number) =>
    inSpan(
      () => ({ part: 'gateway', name: 'never' }),
      () => index,
    )
  for (let index = 0; index < HOOK_CALLS; index += 1) sum += hook(index)
  const since = performance.now()
  for (let index = 0; index < HOOK_CALLS; index += 1) sum += hook(index)
  const spentMs = performance.now() - since
  if (sum < 0) throw new Error('It never is.')
  return (spentMs * 1e6) / HOOK_CALLS
}
