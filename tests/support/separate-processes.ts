import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { DEMO_MODEL_ID } from '../../local/demo-model/demo-model.ts'
import { type Environment, freePort, launch, type ParleyProcess } from './parley-process.ts'

const START_MS = 60_000
const LOOK_EVERY_MS = 50

/** The process of one role, and where it listens. */
export interface RoleProcess extends ParleyProcess {
  readonly url: string
}

/** What the processes of one graph are told. Each role runs in processes of its own, as in production. */
export interface Deployment {
  startAuth(): Promise<RoleProcess>
  /** @param environment variables on top of what all deployments have. */
  startChat(auth: RoleProcess, environment?: Environment): Promise<RoleProcess>
  /** One that writes replies and does nothing else. */
  startWorker(auth: RoleProcess): Promise<RoleProcess>
  startGateway(auth: RoleProcess, chat: RoleProcess): Promise<RoleProcess>
  readonly serviceSecret: string
}

/**
 * A graph on this database, which answers with this model. Nothing is started yet; all of it ends when the test does.
 *
 * @param natsUrl a bus between the processes; without it each has one of its own.
 * @param environment what all of them are told beside it.
 */
export function deploymentOn(
  databaseUrl: string,
  modelUrl: string,
  natsUrl?: string,
  environment: Environment = {},
): Deployment {
  const serviceSecret = randomBytes(32).toString('hex')
  const signingKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
  })
  const common = { SERVICE_SECRET: serviceSecret, LOG_LEVEL: 'warn', ...(natsUrl && { NATS_URL: natsUrl }) }
  const shared = { ...common, ...environment }
  const stored = { ...shared, DATABASE_URL: databaseUrl }
  const assistant = { OPENAI_BASE_URL: modelUrl, OPENAI_MODELS: DEMO_MODEL_ID }
  return {
    serviceSecret,
    startAuth: () =>
      startRole('subgraphs/auth/main.ts', 'AUTH_PORT', { ...stored, JWT_SIGNING_KEY: signingKey.toString() }),
    startChat: (auth, environment) =>
      startRole('subgraphs/chat/main.ts', 'CHAT_PORT', {
        ...{ ...stored, ...assistant, AUTH_URL: auth.url },
        ...environment,
      }),
    startWorker: (auth) =>
      startRole('subgraphs/chat/worker/main.ts', 'WORKER_PORT', { ...stored, ...assistant, AUTH_URL: auth.url }),
    startGateway: (auth, chat) =>
      startRole('gateway/main.ts', 'PORT', {
        ...shared,
        SUBGRAPH_URL_AUTH: `${auth.url}/graphql`,
        SUBGRAPH_URL_CHAT: `${chat.url}/graphql`,
        JWKS_URL: `${auth.url}/.well-known/jwks.json`,
        AUTH_URL: auth.url,
      }),
  }
}

/** Starts a process and waits until it says that it is ready. */
async function startRole(program: string, portVariable: string, environment: Environment): Promise<RoleProcess> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const role = launch(program, { ...environment, [portVariable]: String(port) })
  const deadline = performance.now() + START_MS
  while (!(await isReady(url))) {
    if (role.launcher.exitCode !== null || performance.now() > deadline) {
      throw new Error(`${program} is not ready.\n${role.stdout()}\n${role.stderr()}`)
    }
    await delay(LOOK_EVERY_MS)
  }
  return { ...role, url }
}

async function isReady(url: string): Promise<boolean> {
  const response = await fetch(`${url}/ready`).catch(() => undefined)
  return response?.ok ?? false
}
