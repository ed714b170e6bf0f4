import { randomBytes } from 'node:crypto'
import { access, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { newSigningKey } from './signing-key.ts'

const WORLD_READABLE = 0o444
const OWNER_ONLY = 0o400

/** Where the stores are for whoever is told their URLs. */
const STORES = { postgres: 'postgres:5432/parley', nats: 'nats:4222', redis: 'redis:6379/0' }

const newPassword = async () => randomBytes(32).toString('hex')

/**
 * Makes what Docker Compose starts with: in `<folder>/kept` every secret of the deployment, each made once and kept from then
 * on, and beside it one folder for each that is told some of them, with those alone: the passwords and URLs as files
 * for `<NAME>_FILE`, and the configuration of NATS and Redis. Each of these folders is a volume of its own. Files there are
 * readable for all, because the images run as different users; who mounts the volume is what protects them.
 */
async function makeSecrets(folder: string): Promise<void> {
  const keep = (name: string, make: () => Promise<string>) => readOrMake(join(folder, 'kept', name), make)
  const serviceSecret = await keep('service-secret', newPassword)
  const nats = await keep('nats', newPassword)
  const redis = await keep('redis', newPassword)
  const passwords = { auth: await keep('postgres-auth', newPassword), chat: await keep('postgres-chat', newPassword) }
  const databaseUrl = (schema: 'auth' | 'chat') =>
    `postgresql://parley_${schema}:${passwords[schema]}@${STORES.postgres}`
  const bus = { 'service-secret': serviceSecret, 'nats-url': `nats://${nats}@${STORES.nats}` }
  const limits = { 'redis-url': `redis://:${redis}@${STORES.redis}` }
  const told: Record<string, Record<string, string>> = {
    postgres: {
      password: await keep('postgres', newPassword),
      'auth-password': passwords.auth,
      'chat-password': passwords.chat,
    },
    nats: { 'nats.conf': natsConfiguration(nats) },
    redis: { 'redis.conf': redisConfiguration(redis), password: redis },
    auth: {
      ...bus,
      ...limits,
      'database-url': databaseUrl('auth'),
      'signing-key': await keep('signing-key', async () => newSigningKey()),
    },
    chat: { ...bus, 'database-url': databaseUrl('chat') },
    gateway: { ...bus, ...limits },
    grafana: { password: await keep('grafana', newPassword) },
  }
  for (const [reader, files] of Object.entries(told)) {
    for (const [name, text] of Object.entries(files)) await put(join(folder, reader, name), text, WORLD_READABLE)
  }
}

async function readOrMake(path: string, make: () => Promise<string>): Promise<string> {
  const exists = await access(path).then(
    () => true,
    () => false,
  )
  if (!exists) await put(path, await make(), OWNER_ONLY)
  return (await readFile(path, 'utf8')).trim()
}

/** Whole or not at all, also when the process is killed. */
async function put(path: string, text: string, mode: number): Promise<void> {
  const draft = `${path}.draft`
  await mkdir(dirname(path), { recursive: true })
  await rm(draft, { force: true })
  await writeFile(draft, `${text.trim()}\n`, { mode, flush: true })
  await rename(draft, path)
}

/**
 * The monitoring page, which wants no password, is for the container's own health check. A client has ten seconds to say the
 * token: in the two that NATS gives, a busy machine that starts everything at once may not get there.
 */
function natsConfiguration(token: string): string {
  return `port: 4222\nhttp: "127.0.0.1:8222"\nauthorization { token: "${token}", timeout: 10 }`
}

/** What limits count may be lost, and keys that no longer matter make room for new ones. */
function redisConfiguration(password: string): string {
  return `requirepass ${password}\nsave ""\nappendonly no\nmaxmemory 128mb\nmaxmemory-policy volatile-ttl`
}

const [folder] = process.argv.slice(2)
if (folder === undefined) {
  process.stderr.write('Where to? Say: node scripts/role.ts make-secrets /made\n')
  process.exitCode = 1
} else {
  try {
    await makeSecrets(folder)
    process.stdout.write(`The secrets are in ${folder}.\n`)
  } catch (error) {
    // The system's words have the path in them, and nothing of what is in the file.
    process.stderr.write(`The secrets cannot be made: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  }
}
