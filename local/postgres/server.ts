import { setTimeout as delay } from 'node:timers/promises'
import { type Binaries, programOf } from './binaries.ts'
import { waitUntil } from './bounded-wait.ts'
import { dataFolderArgument } from './cluster.ts'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'
import { dataFolderInUse, readPostmasterFile } from './postmaster-file.ts'
import type { ServerLog } from './server-log.ts'
import type { ServerUser } from './server-user.ts'
import { SOCKET_PORT } from './socket-directory.ts'
import { type SupervisedProcess, startSupervised } from './supervised-process.ts'

const SETTINGS = {
  listen_addresses: '',
  unix_socket_permissions: '0700',
  max_connections: '100',
  shared_buffers: '64MB',
  // Bounds the recovery after a crash, which has to fit into the time a start may take.
  max_wal_size: '256MB',
  // The server's own life, and not the errors of statements: those would bring people's data into the log.
  log_min_messages: 'log',
  log_checkpoints: 'off',
}

const RETRY_INTERVAL_MS = 50

/** Everything a server needs. */
export interface ServerOptions {
  readonly cluster: string
  readonly binaries: Binaries
  readonly user: ServerUser
  readonly socketDirectory: string
  /** The id in a left-over postmaster.pid, known to be of no server of this cluster. */
  readonly strangerId: number | undefined
  readonly log: ServerLog
  readonly timeoutMs: number
}

/**
 * Starts a server and resolves when it accepts connections.
 *
 * @throws EmbeddedPostgresError START_FAILED with the last lines of the log, or DATA_FOLDER_IN_USE.
 */
export async function startServer(options: ServerOptions): Promise<SupervisedProcess> {
  const deadline = performance.now() + options.timeoutMs
  for (;;) {
    const begin = await options.log.length()
    const server = await launch(options, deadline - performance.now())
    if (server) return server
    const output = await options.log.excerpt(begin)
    if (performance.now() > deadline || !mayPass(output)) throw startFailure(options, output)
    await delay(RETRY_INTERVAL_MS)
  }
}

/** Returns nothing when the server ended or was not ready in time; it is gone then. */
async function launch(options: ServerOptions, timeoutMs: number): Promise<SupervisedProcess | undefined> {
  const { cluster, user, socketDirectory, strangerId, log } = options
  const server = startSupervised({
    command: commandFor(options),
    folder: cluster,
    user,
    // PostgreSQL refuses to start while the process of a left-over postmaster.pid lives, except for this one. Removing
    // the file instead would also remove its guard against processes that outlive a killed server.
    ...(strangerId === undefined ? {} : { environment: { PG_GRANDPARENT_PID: String(strangerId) } }),
    errorOutput: log.fd,
  })
  let hasEnded = false
  const markEnded = () => {
    hasEnded = true
  }
  server.ended.then(markEnded, markEnded)
  const isReady = async () => {
    const file = await readPostmasterFile(cluster)
    return file?.socketDirectory === socketDirectory && file.status === 'ready'
  }
  const isSettled = await waitUntil(async () => hasEnded || (await isReady()), timeoutMs)
  if (isSettled && !hasEnded) return server
  await server.stop()
  return undefined
}

function commandFor({ binaries, cluster, user, socketDirectory }: ServerOptions): string[] {
  return [
    programOf(binaries, 'postgres'),
    ...['-D', dataFolderArgument(cluster, user)],
    ...['-k', socketDirectory],
    ...['-p', String(SOCKET_PORT)],
    ...Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]
}

/**
 * The processes of a server that was killed need a moment to notice, and a server that starts at the same moment needs
 * one between creating its lock file and writing into it.
 */
function mayPass(output: string): boolean {
  return output.includes('pre-existing shared memory block') || output.includes('lock file "postmaster.pid" is empty')
}

function startFailure({ cluster, timeoutMs }: ServerOptions, output: string): EmbeddedPostgresError {
  if (output.includes('lock file "postmaster.pid" already exists')) return dataFolderInUse(cluster)
  return new EmbeddedPostgresError(
    'START_FAILED',
    `The database server on ${cluster} ended or was not ready within ${Math.round(timeoutMs)} ms. Its last words:\n${output}`,
  )
}
