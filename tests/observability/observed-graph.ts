import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openAll } from '../../platform/resources.ts'
import { NatsServer } from '../../platform/testing/nats-server.ts'
import { TestMailServer } from '../../subgraphs/auth/mail/testing/mail-server.ts'
import { startRole } from '../support/deployment/role.ts'
import { freePort } from '../support/parley-process.ts'
import { type ScriptedModel, startScriptedModel } from '../support/scripted-model.ts'
import { createTestDatabase } from '../support/test-database.ts'

const ROLES = { gateway: 'PORT', auth: 'AUTH_PORT', chat: 'CHAT_PORT', worker: 'WORKER_PORT' } as const
type Role = keyof typeof ROLES

/** A message that the model refuses to answer. */
export const REFUSED = 'Please fail.'
/** How many subscriptions a client of this graph may have. */
export const SUBSCRIPTIONS = 3
export const SIGN_IN_FAILURES = 2

/** A graph in which each role is a process, and nearly everything that is measured can happen. */
export interface ObservedGraph extends AsyncDisposable {
  /** The gateway's. */
  readonly url: string
  /** Where the processes of each role listen. */
  readonly hosts: Readonly<Record<string, readonly string[]>>
}

/** Starts it over NATS, with a mail server and two model endpoints, the first of which is dead. */
export function startObservedGraph(): Promise<ObservedGraph> {
  return openAll(async (resources) => {
    const folder = await mkdtemp(join(tmpdir(), 'parley-observed-'))
    resources.defer(() => rm(folder, { recursive: true, force: true }))
    const database = resources.use(await createTestDatabase())
    const nats = resources.use(await NatsServer.start())
    const mail = resources.use(await TestMailServer.start())
    const model = resources.use(await startScriptedModel())
    answerLikeAModel(model)
    const ports = Object.fromEntries(
      await Promise.all(Object.keys(ROLES).map(async (role) => [role, await freePort()])),
    ) as Record<Role, number>
    const url = (role: Role) => `http://127.0.0.1:${ports[role]}`
    const told = await environments(url, {
      ...{ databaseUrl: database.url, natsUrl: nats.url, smtpUrl: mail.url, modelUrl: model.baseUrl },
    })
    for (const role of ['auth', 'chat', 'worker', 'gateway'] as const) {
      const environment = { ...told[role], [ROLES[role]]: String(ports[role]) }
      const started = startRole({ role, url: url(role), environment, logPath: join(folder, `${role}.log`) })
      resources.defer(() => started.stop())
      await started.ready()
    }
    const hosts = Object.fromEntries(Object.entries(ports).map(([role, port]) => [role, [`127.0.0.1:${port}`]]))
    return { url: url('gateway'), hosts }
  })
}

interface Servers {
  readonly databaseUrl: string
  readonly natsUrl: string
  readonly smtpUrl: string
  readonly modelUrl: string
}

async function environments(
  url: (role: Role) => string,
  servers: Servers,
): Promise<Record<Role, Record<string, string>>> {
  const shared = {
    SERVICE_SECRET: randomBytes(32).toString('hex'),
    NATS_URL: servers.natsUrl,
    LOG_LEVEL: 'warn',
    LOG_FORMAT: 'json',
  }
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const chat = {
    ...{ ...shared, DATABASE_URL: servers.databaseUrl, AUTH_URL: url('auth') },
    AI_WORKER: 'separate',
    OPENAI_BASE_URL: `http://127.0.0.1:${await freePort()}/v1,${servers.modelUrl}`,
    OPENAI_MODELS: 'scripted',
  }
  return {
    auth: {
      ...{ ...shared, DATABASE_URL: servers.databaseUrl, SMTP_URL: servers.smtpUrl },
      JWT_SIGNING_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      RATE_LIMIT_SIGN_IN_FAILURES: String(SIGN_IN_FAILURES),
    },
    chat,
    worker: chat,
    gateway: {
      ...shared,
      SUBGRAPH_URL_AUTH: `${url('auth')}/graphql`,
      SUBGRAPH_URL_CHAT: `${url('chat')}/graphql`,
      JWKS_URL: `${url('auth')}/.well-known/jwks.json`,
      AUTH_URL: url('auth'),
      LIMIT_SUBSCRIPTIONS_PER_SOCKET: String(SUBSCRIPTIONS),
    },
  }
}

function answerLikeAModel(model: ScriptedModel): void {
  model.answerWith((answer, { messages }) => {
    if (messages.at(-1)?.content.includes(REFUSED)) answer.refuse(400, 'The model does not want to.')
    else answer.say('Hello').say(' to you.').finish({ prompt_tokens: 7, completion_tokens: 4 })
  })
}
