import { spawnSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../local/postgres/embedded-postgres.ts'
import { readPostmasterFile } from '../../local/postgres/postmaster-file.ts'
import { type SupervisedProcess, startSupervised } from '../../local/postgres/supervised-process.ts'

const START_MS = 10_000
const LOOK_EVERY_MS = 20
const DATABASE = 'parley'
const NATS_SERVER = process.env.NATS_SERVER ?? 'nats-server'

/** Whether there is a NATS server to run: `nats-server`, or what NATS_SERVER names. */
export const isNatsInstalled = () => !spawnSync(NATS_SERVER, ['--version']).error

/** A Postgres server of our own that can be killed and started again on the same data. */
export class PostgresProcess implements AsyncDisposable {
  readonly #folder: string
  #server: EmbeddedPostgres | undefined

  private constructor(folder: string) {
    this.#folder = folder
  }

  /** Starts one on a new folder, with an empty database. */
  static async create(): Promise<PostgresProcess> {
    const postgres = new PostgresProcess(await mkdtemp(join(tmpdir(), 'parley-faults-postgres-')))
    await postgres.start()
    const client = new pg.Client(postgres.#running.urlOf('postgres'))
    await client.connect()
    await client.query(`CREATE DATABASE ${DATABASE}`)
    await client.end()
    return postgres
  }

  /** The database, straight at the server. */
  get url(): string {
    return this.#running.urlOf(DATABASE)
  }

  /** The server's socket, for a proxy; it is another one after each start. */
  get socketPath(): string | undefined {
    const { host, port } = this.#server?.connection ?? {}
    return host && `${host}/.s.PGSQL.${port}`
  }

  /** The same database at the other end of a link. */
  urlThrough(port: number): string {
    return `postgresql://${this.#running.connection.user}@127.0.0.1:${port}/${DATABASE}`
  }

  async start(): Promise<void> {
    this.#server = await startEmbeddedPostgres({ dataDirectory: this.#folder })
  }

  /** Ends the postmaster as a crash does; its children follow. */
  async kill(): Promise<void> {
    const server = this.#running
    const file = await readPostmasterFile(join(this.#folder, 'cluster'))
    if (!file) throw new Error('Postgres does not run.')
    process.kill(file.pid, 'SIGKILL')
    this.#server = undefined
    await server[Symbol.asyncDispose]()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]()
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 })
  }

  get #running(): EmbeddedPostgres {
    if (!this.#server) throw new Error('Postgres does not run.')
    return this.#server
  }
}

/** A NATS server, always on the same port. */
export class NatsProcess implements AsyncDisposable {
  readonly port: number
  readonly #pidPath: string
  readonly #logPath: string
  #server: SupervisedProcess | undefined

  constructor(port: number, folder: string) {
    this.port = port
    this.#pidPath = join(folder, 'nats.pid')
    this.#logPath = join(folder, 'nats.log')
  }

  /** Starts it and waits until it accepts connections. */
  async start(): Promise<void> {
    if (!isNatsInstalled()) throw new Error(`There is no ${NATS_SERVER}: install it, or set NATS_SERVER.`)
    const log = openSync(this.#logPath, 'a')
    this.#server = startSupervised({
      command: [NATS_SERVER, '-a', '127.0.0.1', '-p', String(this.port), '-P', this.#pidPath],
      folder: '/',
      user: { uid: process.geteuid?.() ?? -1, gid: process.getegid?.() ?? -1, isSwitched: false },
      errorOutput: log,
    })
    closeSync(log)
    const deadline = performance.now() + START_MS
    while (!(await accepts(this.port))) {
      if (performance.now() > deadline) throw new Error(`nats-server is not ready: see ${this.#logPath}.`)
      await delay(LOOK_EVERY_MS)
    }
  }

  async kill(): Promise<void> {
    process.kill(await this.#pid(), 'SIGKILL')
    await this.#server?.ended
  }

  /** Lets it do nothing for so long; its connections stay. */
  async freeze(ms: number): Promise<void> {
    const pid = await this.#pid()
    process.kill(pid, 'SIGSTOP')
    await delay(ms).finally(() => process.kill(pid, 'SIGCONT'))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.stop()
  }

  async #pid(): Promise<number> {
    return Number(await readFile(this.#pidPath, 'utf8'))
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
