import { randomBytes } from 'node:crypto'
import { closeSync, openSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { handOver, type ServerUser, serverUserFor } from '../../../local/postgres/server-user.ts'
import { startSupervised } from '../../../local/postgres/supervised-process.ts'
import { ownPort } from './ports.ts'
import { STORES } from './stores.ts'

const START_MS = 20_000
const LOOK_EVERY_MS = 50
/** Each graph has a pool in three processes, and several graphs run at once. */
const MAX_CONNECTIONS = 400

/** Nothing needs to be on the disk: the server is thrown away with the run. */
const SETTINGS = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', `max_connections=${MAX_CONNECTIONS}`]

/** A PostgreSQL server as an operator installs it: over TCP, with passwords. */
export interface PostgresServer extends AsyncDisposable {
  /** The administrator's URL of a database. */
  urlOf(database: string): string
}

/**
 * Starts the PostgreSQL server that the system has, on new data and a free port of this machine. It ends when this
 * process does, however that ends.
 *
 * @throws Error with what the server said when it does not start within 20 seconds.
 */
export async function startPostgresServer(): Promise<PostgresServer> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-postgres-'))
  const user = await serverUserFor(join(folder, 'data'))
  const password = randomBytes(16).toString('hex')
  await writeFile(join(folder, 'password'), password)
  for (const path of [folder, join(folder, 'password')]) await handOver(path, user)
  await initialise(folder, user)
  const port = await ownPort()
  const options = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', `port=${port}`, ...SETTINGS]
  const server = supervise(folder, user, [
    STORES.postgres,
    '-D',
    'data',
    ...options.flatMap((option) => ['-c', option]),
  ])
  const urlOf = (database: string) => `postgresql://postgres:${password}@127.0.0.1:${port}/${database}`
  const stop = async () => {
    await server.stop()
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  try {
    await untilItAnswers(urlOf('postgres'))
  } catch (error) {
    const said = await readFile(join(folder, 'log'), 'utf8')
    await stop()
    throw new Error(`PostgreSQL did not start.\n${said}`, { cause: error })
  }
  return { urlOf, [Symbol.asyncDispose]: stop }
}

async function initialise(folder: string, user: ServerUser): Promise<void> {
  const options = ['--username=postgres', '--auth=scram-sha-256', '--pwfile=password', '--encoding=UTF8', '--no-sync']
  const initdb = supervise(folder, user, [STORES.initdb, ...options, '--locale=C.UTF-8', '-D', 'data'])
  if ((await initdb.ended) === 0) return
  throw new Error(`initdb failed.\n${await readFile(join(folder, 'log'), 'utf8')}`)
}

function supervise(folder: string, user: ServerUser, command: string[]) {
  const log = openSync(join(folder, 'log'), 'a')
  try {
    return startSupervised({ command, folder, user, errorOutput: log })
  } finally {
    closeSync(log)
  }
}

async function untilItAnswers(url: string): Promise<void> {
  const deadline = performance.now() + START_MS
  for (;;) {
    const client = new pg.Client({ connectionString: url })
    try {
      await client.connect()
      return await client.end()
    } catch (error) {
      if (performance.now() > deadline) throw error
      await delay(LOOK_EVERY_MS)
    }
  }
}
