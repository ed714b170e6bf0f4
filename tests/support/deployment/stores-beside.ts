import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startSupervised } from '../../../local/postgres/supervised-process.ts'
import { openAll, type Resources } from '../../../platform/resources.ts'
import { ownPort } from './ports.ts'
import { copySecrets, placeOfDatabase } from './secrets.ts'
import { STORES } from './stores.ts'

const START_MS = 10_000
const LOOK_EVERY_MS = 10

/** What deployments on one database share beside it: NATS, Redis and the secrets to all three. */
export interface StoresBeside extends AsyncDisposable {
  /** A folder as Compose's service `secrets` makes it, in which URLs lead to where the stores are. */
  readonly secrets: string
  /** Where NATS tells of its clients, over HTTP. */
  readonly natsMonitorUrl: string
}

const inUse = new Map<string, { users: number; readonly started: Promise<StoresBeside> }>()

/**
 * The stores beside a database: the same for all who ask while somebody uses them. They end when this process does, however
 * that ends.
 *
 * @param secrets the folder of what was made for Compose.
 */
export async function storesBeside(databaseUrl: string, secrets: string): Promise<StoresBeside> {
  const entry = inUse.get(databaseUrl) ?? { users: 0, started: start(databaseUrl, secrets) }
  entry.users += 1
  inUse.set(databaseUrl, entry)
  const stores = await entry.started
  return {
    ...stores,
    async [Symbol.asyncDispose]() {
      entry.users -= 1
      if (entry.users > 0) return
      inUse.delete(databaseUrl)
      await stores[Symbol.asyncDispose]()
    },
  }
}

function start(databaseUrl: string, made: string): Promise<StoresBeside> {
  return openAll(async (resources) => {
    const folder = await mkdtemp(join(tmpdir(), 'parley-stores-'))
    resources.defer(() => rm(folder, { recursive: true, force: true }))
    const [nats, monitor, redis] = [await ownPort(), await ownPort(), await ownPort()]
    const secrets = join(folder, 'secrets')
    copySecrets(made, secrets, {
      'postgres:5432/parley': placeOfDatabase(databaseUrl),
      'nats:4222': `127.0.0.1:${nats}`,
      'redis:6379': `127.0.0.1:${redis}`,
      'port: 4222': `port: ${nats}`,
      '127.0.0.1:8222': `127.0.0.1:${monitor}`,
    })
    const natsOptions = ['--config', join(secrets, 'nats/nats.conf'), '--addr', '127.0.0.1']
    const redisOptions = [join(secrets, 'redis/redis.conf'), '--bind', '127.0.0.1', '--port', `${redis}`]
    await Promise.all([
      run(resources, folder, { command: [STORES.nats, ...natsOptions], port: nats }),
      run(resources, folder, { command: [STORES.redis, ...redisOptions], port: redis }),
    ])
    return { secrets, natsMonitorUrl: `http://127.0.0.1:${monitor}` }
  })
}

async function run(
  resources: Resources,
  folder: string,
  { command, port }: { command: string[]; port: number },
): Promise<void> {
  const logPath = join(folder, `${port}.log`)
  const log = openSync(logPath, 'a')
  const user = { uid: process.geteuid?.() ?? -1, gid: process.getegid?.() ?? -1, isSwitched: false }
  const server = startSupervised({ command, folder, user, errorOutput: log })
  closeSync(log)
  resources.defer(() => server.stop())
  const deadline = performance.now() + START_MS
  while (!(await accepts(port))) {
    if (performance.now() > deadline)
      throw new Error(`${command[0]} did not start.\n${await readFile(logPath, 'utf8')}`)
    await delay(LOOK_EVERY_MS)
  }
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
