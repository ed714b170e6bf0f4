import type { Pool } from 'pg'
import { type Metrics, observe } from './metrics.ts'

/** Tells how many connections of a pool are in use, and how many pieces of work wait for one. */
export function observePool(metrics: Metrics, pool: Pool): void {
  const connections = {
    name: 'parley_database_pool_connections',
    help: 'Connections to the database that are open or being opened: busy ones have been given out, idle ones have not.',
  }
  observe(metrics, { ...connections, labels: { state: 'busy' }, read: () => pool.totalCount - pool.idleCount })
  observe(metrics, { ...connections, labels: { state: 'idle' }, read: () => pool.idleCount })
  observe(metrics, {
    name: 'parley_database_pool_waiting',
    help: 'Statements and transactions that wait for a connection to the database.',
    read: () => pool.waitingCount,
  })
  observe(metrics, {
    name: 'parley_database_pool_limit',
    help: 'The most connections to the database that this process opens.',
    read: () => pool.options.max,
  })
}
