import type { Pool, PoolClient } from 'pg'

/**
 * Gives a connection back to its pool when it breaks while somebody holds it. Kysely, on which MikroORM stands, gives a
 * transaction's connection back only after a rollback that succeeded; on a broken one none does, and the pool would
 * lose one place for ever with each.
 */
export function giveBackLostConnections(pool: Pool): void {
  // pg-pool sets `release` right after it has emitted the event.
  pool.on('acquire', (client) => queueMicrotask(() => releaseOnce(client)))
}

function releaseOnce(client: PoolClient): void {
  const { release } = client
  let isHeld = true
  const give: PoolClient['release'] = (broken) => {
    if (!isHeld) return
    isHeld = false
    client.removeListener('end', lost)
    release(broken)
  }
  const lost = () => give(true)
  client.release = give
  client.once('end', lost)
}
