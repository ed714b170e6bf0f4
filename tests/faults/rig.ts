import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { DEMO_MODEL_ID, startDemoModel } from '../../local/demo-model/demo-model.ts'
import { losingMessages } from './doorbell-loss.ts'
import { FaultProxy, type FaultProxyOptions } from './fault-proxy.ts'
import { RoleProcess } from './role-process.ts'
import type { SeededRandom } from './seeded-random.ts'
import { NatsProcess, PostgresProcess } from './store-processes.ts'
import { Targets } from './targets.ts'

const GATEWAYS = 2
const CHATS = 3
const PIECE_DELAY_MS = 30
/** Short, so that tokens and sockets are renewed within a run. */
const TOKEN_SECONDS = 120

/** Who talks to whom. Each process has links of its own; the one of clients leads to all gateways. */
export const LINKS = [
  'client-gateway',
  'gateway-chat',
  'gateway-auth',
  'gateway-nats',
  'chat-auth',
  'chat-postgres',
  'chat-nats',
  'auth-postgres',
  'auth-nats',
] as const
export type LinkName = (typeof LINKS)[number]

export interface RigOptions {
  /** Receives the processes' logs. */
  readonly folder: string
  readonly random: SeededRandom
  readonly onCrash: (process: string, how: string) => void
}

/**
 * A whole deployment in real processes: two gateways, three chats and one auth over Postgres and NATS, and a fault proxy
 * between any two that talk.
 */
export class Rig implements AsyncDisposable {
  readonly gateways: RoleProcess[] = []
  readonly chats: RoleProcess[] = []
  readonly auths: RoleProcess[] = []
  readonly links = Object.fromEntries(LINKS.map((name) => [name, []])) as unknown as Record<LinkName, FaultProxy[]>
  /** How likely a doorbell is lost on its way to one process, 0 to 1. */
  doorbellLoss = 0
  readonly #options: RigOptions
  readonly #owned = new AsyncDisposableStack()
  #postgres: PostgresProcess | undefined
  #nats: NatsProcess | undefined

  private constructor(options: RigOptions) {
    this.#options = options
  }

  /** Starts everything and waits until it is ready. */
  static async start(options: RigOptions): Promise<Rig> {
    const rig = new Rig(options)
    try {
      await rig.#start()
      return rig
    } catch (error) {
      await rig[Symbol.asyncDispose]()
      throw error
    }
  }

  get postgres(): PostgresProcess {
    if (!this.#postgres) throw new Error('The rig has not been started.')
    return this.#postgres
  }

  get nats(): NatsProcess {
    if (!this.#nats) throw new Error('The rig has not been started.')
    return this.#nats
  }

  /** Our own processes. */
  get roles(): readonly RoleProcess[] {
    return [...this.gateways, ...this.chats, ...this.auths]
  }

  /** Where clients go. */
  get url(): string {
    const [link] = this.links['client-gateway']
    return urlAt(link?.port)
  }

  /** Ends all of it, what was started last first. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync()
  }

  async #start(): Promise<void> {
    this.#postgres = this.#owned.use(await PostgresProcess.create())
    this.#nats = this.#owned.use(new NatsProcess(await freePort(), this.#options.folder))
    await this.#nats.start()
    const model = this.#owned.use(await startDemoModel({ pieceDelayMs: PIECE_DELAY_MS }))

    const secret = randomBytes(32).toString('hex')
    const shared = { SERVICE_SECRET: secret, LOG_LEVEL: 'warn', RATE_LIMIT_SIGN_UP: '100000' }
    const auths = await this.#addRoles('auth', 1, async () => ({ ...shared, ...(await this.#authSettings()) }))
    const chats = await this.#addRoles('chat', CHATS, async () => ({
      ...shared,
      ...(await this.#chatSettings(auths, model.baseUrl)),
    }))
    const gateways = await this.#addRoles('gateway', GATEWAYS, async () => ({
      ...shared,
      ...(await this.#gatewaySettings(auths, chats)),
    }))
    await this.#link('client-gateway', { route: gateways.route })
    await gateways.look()
  }

  /** Starts processes of one role at once; the last of them is started after the first is there, which migrates. */
  async #addRoles(
    role: 'auth' | 'chat' | 'gateway',
    count: number,
    environmentOf: () => Promise<Record<string, string>>,
  ): Promise<Targets> {
    const program = role === 'gateway' ? 'gateway/main.ts' : `subgraphs/${role}/main.ts`
    const roles = this[`${role}s`]
    for (let index = 1; index <= count; index += 1) {
      const name = `${role}-${index}`
      const added = new RoleProcess({
        name,
        program,
        port: await freePort(),
        environment: await environmentOf(),
        logPath: join(this.#options.folder, `${name}.log`),
        onCrash: (how) => this.#options.onCrash(name, how),
      })
      this.#owned.defer(() => added.kill())
      roles.push(added)
    }
    await Promise.all(roles.map((added) => added.start()))
    const targets = this.#owned.use(new Targets(roles))
    await targets.look()
    return targets
  }

  async #authSettings() {
    const signingKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    return {
      DATABASE_URL: await this.#databaseLink('auth-postgres'),
      NATS_URL: await this.#busLink('auth-nats'),
      JWT_SIGNING_KEY: signingKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      JWT_ACCESS_TTL: String(TOKEN_SECONDS),
    }
  }

  async #chatSettings(auths: Targets, modelUrl: string) {
    return {
      DATABASE_URL: await this.#databaseLink('chat-postgres'),
      NATS_URL: await this.#busLink('chat-nats'),
      AUTH_URL: await this.#httpLink('chat-auth', auths),
      OPENAI_BASE_URL: modelUrl,
      OPENAI_MODELS: DEMO_MODEL_ID,
    }
  }

  async #gatewaySettings(auths: Targets, chats: Targets) {
    const authUrl = await this.#httpLink('gateway-auth', auths)
    return {
      SUBGRAPH_URL_AUTH: `${authUrl}/graphql`,
      SUBGRAPH_URL_CHAT: `${await this.#httpLink('gateway-chat', chats)}/graphql`,
      JWKS_URL: `${authUrl}/.well-known/jwks.json`,
      AUTH_URL: authUrl,
      NATS_URL: await this.#busLink('gateway-nats'),
    }
  }

  async #httpLink(name: LinkName, { route }: Targets): Promise<string> {
    return urlAt((await this.#link(name, { route })).port)
  }

  async #databaseLink(name: LinkName): Promise<string> {
    const route = () => {
      const path = this.postgres.socketPath
      return path === undefined ? [] : [{ path }]
    }
    return this.postgres.urlThrough((await this.#link(name, { route })).port)
  }

  async #busLink(name: LinkName): Promise<string> {
    const { random } = this.#options
    const link = await this.#link(name, {
      route: () => [{ host: '127.0.0.1', port: this.nats.port }],
      filter: () => losingMessages(() => random.chance(this.doorbellLoss)),
    })
    return `nats://127.0.0.1:${link.port}`
  }

  async #link(name: LinkName, options: FaultProxyOptions): Promise<FaultProxy> {
    const link = await FaultProxy.start({ random: () => this.#options.random.next(), ...options })
    this.#owned.use(link)
    this.links[name].push(link)
    return link
  }
}

const urlAt = (port: number | undefined) => `http://127.0.0.1:${port}`

async function freePort(): Promise<number> {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  await once(server.close(), 'close')
  return port
}
