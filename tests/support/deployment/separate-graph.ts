import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { DEMO_MODEL_ID, startDemoModel } from '../../../local/demo-model/demo-model.ts'
import type { LocalOverrides } from '../../../local/graph.ts'
import { MemoryEventBus } from '../../../platform/event-bus/memory-event-bus.ts'
import { openAll, type Resources } from '../../../platform/resources.ts'
import { SilentBus } from '../buses.ts'
import { composedEnvironment } from '../composed-environment.ts'
import type { GraphOptions, RunningGraph } from '../graph-options.ts'
import type { DeploymentParts } from './databases.ts'
import { NatsListeners } from './nats-listeners.ts'
import { ownPort } from './ports.ts'
import { type Role, startRole } from './role.ts'
import { storesBeside } from './stores-beside.ts'

type Variables = Readonly<Record<string, string>>

/** Each role, its variable for the port, and its place in Compose's networks, where others ask it for something. */
const ROLES = {
  auth: { portVariable: 'AUTH_PORT', place: 'auth:4001' },
  chat: { portVariable: 'CHAT_PORT', place: 'chat:4002' },
  worker: { portVariable: 'WORKER_PORT', place: undefined },
  gateway: { portVariable: 'PORT', place: undefined },
} as const
type RoleName = keyof typeof ROLES
const NAMES = Object.keys(ROLES) as RoleName[]

/** A folder in which what the processes say is kept, for whoever looks for the reason of a failure. */
const LOGS = process.env.ROLE_LOGS

const SHIFTED_CLOCK = pathToFileURL(join(import.meta.dirname, 'shifted-clock.fixture.ts')).href

/** What differs from Compose: this machine alone is listened to, and there are no mails and no traces to be sent. */
const APART_FROM_COMPOSE = {
  HOST: '127.0.0.1',
  SMTP_URL: '',
  OTEL_EXPORTER_OTLP_ENDPOINT: '',
  // Also where a test is not in production.
  LOG_FORMAT: 'json',
  // Everybody in the tests comes from one address.
  RATE_LIMIT_SIGN_UP: '1000000',
  RATE_LIMIT_SIGN_IN_FAILURES: '1000000',
}

/**
 * Starts the gateway, auth, chat and a worker, each in a process of its own, with the environment and the secrets that
 * Compose gives them. Times that a test shortens stay as they are in production; over a {@link SilentBus} each process has
 * a bus of its own.
 *
 * @param databaseUrl the administrator's, of a database that both subgraphs have migrated.
 * @throws Error for what can be told to no other process.
 */
export function startSeparateGraph(
  options: GraphOptions,
  databaseUrl: string,
  parts: DeploymentParts,
): Promise<RunningGraph> {
  return openAll(async (resources) => {
    const { overrides = {}, environment = {} } = options
    refuseWhatStaysHere(overrides)
    const stores = resources.use(await storesBeside(databaseUrl, parts.secrets))
    const folder = await mkdtemp(join(LOGS ?? tmpdir(), 'parley-roles-'))
    if (!LOGS) resources.defer(() => rm(folder, { recursive: true, force: true }))
    const ports: Record<RoleName, number> = {
      auth: await ownPort(),
      chat: await ownPort(),
      worker: await ownPort(),
      gateway: await ownPort(),
    }
    const told = {
      ...APART_FROM_COMPOSE,
      ...(await modelOf(options, resources)),
      ...testVariables(options),
      ...environment,
    }
    const hosts = Object.fromEntries(
      NAMES.flatMap((name) => (ROLES[name].place ? [[ROLES[name].place, `127.0.0.1:${ports[name]}`]] : [])),
    )
    const roles = NAMES.map((name) => {
      const composed = composedEnvironment(name, { hosts, secrets: stores.secrets })
      if (overrides.bus instanceof SilentBus) delete composed.NATS_URL_FILE
      return startRole({
        role: name,
        url: `http://127.0.0.1:${ports[name]}`,
        environment: { ...overlaid(composed, told), [ROLES[name].portVariable]: String(ports[name]) },
        logPath: join(folder, `${name}.log`),
      })
    })
    resources.defer(() => stopAll(roles))
    await Promise.all(roles.map((role) => role.ready()))
    return {
      url: `http://127.0.0.1:${ports.gateway}`,
      authUrl: `http://127.0.0.1:${ports.auth}`,
      chatUrl: `http://127.0.0.1:${ports.chat}`,
      databaseUrl,
      listeners: new NatsListeners(stores.natsMonitorUrl),
      logLines: () => roles.flatMap((role) => role.log().split('\n').filter(isJson)),
    }
  })
}

/** Not what Node itself may say. */
const isJson = (line: string) => line.startsWith('{')

/** What a test says of itself takes the place of what Compose says, also where that names a file. */
function overlaid(composed: Variables, told: Variables): Record<string, string> {
  const kept = Object.entries(composed).filter(([name]) => !(name.replace(/_FILE$/, '') in told))
  return { ...Object.fromEntries(kept), ...told }
}

function testVariables({ logLevel, clock }: GraphOptions): Record<string, string> {
  return {
    ...(logLevel && { LOG_LEVEL: logLevel }),
    ...(clock && { TEST_CLOCK: clock.path, NODE_OPTIONS: `--import=${SHIFTED_CLOCK}` }),
  }
}

/** The demo model of this process, unless the test brings a model. */
async function modelOf(
  { environment, overrides }: GraphOptions,
  resources: Resources,
): Promise<Record<string, string>> {
  if (environment?.OPENAI_BASE_URL !== undefined) return {}
  const demo = resources.use(await startDemoModel(overrides?.demoModel ?? { pieceDelayMs: 0 }))
  return { OPENAI_BASE_URL: demo.baseUrl, OPENAI_MODELS: DEMO_MODEL_ID }
}

function refuseWhatStaysHere({ bus, chat: { tools, replySteps } = {}, now, logger }: LocalOverrides): void {
  const isPlain = bus === undefined || bus instanceof SilentBus || bus instanceof MemoryEventBus
  const given = Object.entries({ tools, replySteps, now, logger, ...(!isPlain && { bus }) })
  const refused = given.filter(([, value]) => value !== undefined).map(([name]) => name)
  if (refused.length > 0) throw new Error(`Separate processes cannot be given: ${refused.join(', ')}.`)
}

/** First who asks, then who answers; all of them, also when one fails. */
async function stopAll(roles: readonly Role[]): Promise<void> {
  const failures: unknown[] = []
  for (const role of roles.toReversed()) await role.stop().catch((error: unknown) => failures.push(error))
  if (failures.length > 0) throw failures[0]
}
