import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

/** The name of the tests' project in which each role of a graph is a process of its own. */
export const SEPARATE_PROCESSES = 'separate processes'

/** Where Debian keeps PostgreSQL 15, the oldest that Parley supports; POSTGRES_BIN names another folder. */
const POSTGRES_BIN = process.env.POSTGRES_BIN ?? '/usr/lib/postgresql/15/bin'

/** The programs of others on which a deployment in separate processes runs. */
export const STORES = {
  initdb: join(POSTGRES_BIN, 'initdb'),
  postgres: join(POSTGRES_BIN, 'postgres'),
  psql: 'psql',
  nats: process.env.NATS_SERVER ?? 'nats-server',
  redis: process.env.REDIS_SERVER ?? 'redis-server',
}

/** What of them is not installed, and how to get it. */
export function missingStores(): string | undefined {
  const missing = Object.values(STORES).filter((program) => spawnSync(program, ['--version']).error)
  if (missing.length === 0) return undefined
  return (
    `there is no ${missing.join(', ')}: install Debian's postgresql-15, nats-server and redis-server, ` +
    'or set POSTGRES_BIN, NATS_SERVER and REDIS_SERVER'
  )
}
