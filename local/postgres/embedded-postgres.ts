import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { findBinaries, majorOf } from './binaries.ts'
import { ensureCluster, SUPERUSER } from './cluster.ts'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'
import { waitForPreviousServer } from './postmaster-file.ts'
import { makeRunnable } from './runnable-binaries.ts'
import { startServer } from './server.ts'
import { openServerLog } from './server-log.ts'
import { serverUserFor } from './server-user.ts'
import {
  createSocketDirectory,
  forgetSocketDirectory,
  rememberSocketDirectory,
  removeSocketDirectory,
  SOCKET_PORT,
} from './socket-directory.ts'
import type { SupervisedProcess } from './supervised-process.ts'

/** With the time to stop a server that hangs, a start takes at most 30 s. */
const START_MS = 20_000
/** For root: unlike a temporary folder, nothing cleans it up file by file, and only root can write there. */
const SYSTEM_CACHE = '/var/cache/parley'

/** A running PostgreSQL server of our own, which ends when this process does. */
export interface EmbeddedPostgres extends AsyncDisposable {
  /** How to connect, for `pg` and for MikroORM: the host is the folder of a unix socket, and there is no password. */
  readonly connection: { readonly host: string; readonly port: number; readonly user: string }
  /** The URL of one database, in the form that libpq, `pg` and MikroORM's `clientUrl` all understand. */
  urlOf(database: string): string
}

/** Where the launcher tells what it does. */
export interface EmbeddedPostgresLogger {
  info(message: string): void
  warn(message: string): void
}

/**
 * Starts a PostgreSQL server on the data in `dataDirectory`, which is created if need be, and resolves when it accepts
 * connections. The folder then holds `cluster` (the data), `server.log` and `socket` (a link to the socket's folder).
 * Disposing of the result shuts the server down, within 10 s.
 *
 * @throws EmbeddedPostgresError when it cannot, within 30 s; the message says what to do.
 */
export async function startEmbeddedPostgres(options: {
  dataDirectory: string
  logger?: EmbeddedPostgresLogger
}): Promise<EmbeddedPostgres> {
  const folder = resolve(options.dataDirectory)
  try {
    return await start(folder, options.logger)
  } catch (error) {
    if (error instanceof EmbeddedPostgresError) throw error
    throw new EmbeddedPostgresError(
      'DATA_FOLDER_UNUSABLE',
      `The data folder ${folder} cannot hold the database (${error instanceof Error ? error.message : error}): ` +
        'choose another DATA_DIR or set DATABASE_URL.',
      { cause: error },
    )
  }
}

async function start(folder: string, logger?: EmbeddedPostgresLogger): Promise<EmbeddedPostgres> {
  const startedAt = performance.now()
  const cluster = join(folder, 'cluster')
  const socketLink = join(folder, 'socket')
  const remainingMs = () => Math.max(0, startedAt + START_MS - performance.now())

  const installed = await findBinaries()
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const user = await serverUserFor(cluster)
  const binaries = await makeRunnable(installed, user, user.isSwitched ? SYSTEM_CACHE : folder)
  const log = await openServerLog(join(folder, 'server.log'), user)
  try {
    await ensureCluster({ cluster, binaries, user, log, timeoutMs: remainingMs() })
    const strangerId = await waitForPreviousServer(cluster)
    const socketDirectory = await createSocketDirectory(user)
    let server: SupervisedProcess | undefined
    try {
      const timeoutMs = remainingMs()
      server = await startServer({ cluster, binaries, user, socketDirectory, strangerId, log, timeoutMs })
      await rememberSocketDirectory(socketLink, socketDirectory)
      const tookMs = Math.round(performance.now() - startedAt)
      logger?.info(`PostgreSQL ${majorOf(binaries)} keeps its data in ${cluster} (ready in ${tookMs} ms).`)
      return running(server, { socketDirectory, socketLink, logPath: log.path, logger })
    } catch (error) {
      await server?.stop()
      await removeSocketDirectory(socketDirectory)
      throw error
    }
  } finally {
    await log[Symbol.asyncDispose]()
  }
}

function running(
  server: SupervisedProcess,
  place: { socketDirectory: string; socketLink: string; logPath: string; logger: EmbeddedPostgresLogger | undefined },
): EmbeddedPostgres {
  const { socketDirectory, socketLink, logPath, logger } = place
  let stopping: Promise<void> | undefined
  const stop = async () => {
    if (!(await server.stop())) logger?.warn('The database server did not shut down in time and was killed.')
    await forgetSocketDirectory(socketLink, socketDirectory)
  }
  server.unref()
  const reportEnd = (outcome: unknown) => {
    if (!stopping) logger?.warn(`The database server ended by itself (${outcome}): see ${logPath}.`)
  }
  server.ended.then((status) => reportEnd(`status ${status}`), reportEnd)

  return {
    ...addressOf(socketDirectory),
    [Symbol.asyncDispose]() {
      stopping ??= stop()
      return stopping
    },
  }
}

/** How to connect to the server whose socket is in this folder. */
export function addressOf(socketDirectory: string): Pick<EmbeddedPostgres, 'connection' | 'urlOf'> {
  return {
    connection: { host: socketDirectory, port: SOCKET_PORT, user: SUPERUSER },
    urlOf: (database) =>
      `postgresql://${SUPERUSER}@${encodeURIComponent(socketDirectory)}:${SOCKET_PORT}/${encodeURIComponent(database)}`,
  }
}
