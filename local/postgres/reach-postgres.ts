import { join, resolve } from 'node:path'
import { waitUntil } from './bounded-wait.ts'
import { addressOf, type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.ts'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'
import { findReadyServer } from './postmaster-file.ts'

const OTHER_STARTS_MS = 5_000

/**
 * The server that another Parley runs on the data in `dataDirectory`, which goes on when the result is disposed of; or,
 * while there is none, one that is started as `startEmbeddedPostgres` does.
 *
 * @throws EmbeddedPostgresError
 */
export async function reachEmbeddedPostgres(options: { dataDirectory: string }): Promise<EmbeddedPostgres> {
  const cluster = join(resolve(options.dataDirectory), 'cluster')
  const running = await findRunning(cluster)
  if (running) return running
  try {
    return await startEmbeddedPostgres(options)
  } catch (error) {
    const begun = isInUse(error) ? await waitForStart(cluster) : undefined
    if (begun) return begun
    throw error
  }
}

/** Another Parley may have begun to start at the same moment. */
async function waitForStart(cluster: string): Promise<EmbeddedPostgres | undefined> {
  let running: EmbeddedPostgres | undefined
  await waitUntil(async () => {
    running = await findRunning(cluster)
    return running !== undefined
  }, OTHER_STARTS_MS)
  return running
}

async function findRunning(cluster: string): Promise<EmbeddedPostgres | undefined> {
  const socketDirectory = await findReadyServer(cluster)
  return socketDirectory === undefined
    ? undefined
    : { ...addressOf(socketDirectory), [Symbol.asyncDispose]: async () => {} }
}

function isInUse(error: unknown): boolean {
  return error instanceof EmbeddedPostgresError && error.code === 'DATA_FOLDER_IN_USE'
}
