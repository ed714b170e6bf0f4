import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Binaries, majorOf, programOf } from './binaries.ts'
import { settlesWithin } from './bounded-wait.ts'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'
import { publishFolder } from './published-folder.ts'
import type { ServerLog } from './server-log.ts'
import { handOver, type ServerUser } from './server-user.ts'
import { startSupervised } from './supervised-process.ts'

/** The superuser that `initdb` creates, and the only one. */
export const SUPERUSER = 'postgres'

/** Not --no-sync, with which a power cut soon after the first start could take everything. */
const INITDB_OPTIONS = [
  `--username=${SUPERUSER}`,
  '--auth=trust',
  '--encoding=UTF8',
  '--locale-provider=builtin',
  '--builtin-locale=C.UTF-8',
]
const COMMAND_NOT_RUNNABLE = [126, 127]

/**
 * How the server is told its data folder. Started as another user it may be unable to walk to the folder from the
 * root (/root is closed to others), but it can use the folder in which it was started, and this name leads there
 * without the walk. So the data stays where the user wants it.
 */
export function dataFolderArgument(cluster: string, user: ServerUser): string {
  return user.isSwitched ? '/proc/self/cwd' : cluster
}

/** Where the cluster lies, or shall lie, and what is needed to create it. */
export interface ClusterOptions {
  readonly cluster: string
  readonly binaries: Binaries
  readonly user: ServerUser
  readonly log: ServerLog
  readonly timeoutMs: number
}

/**
 * Creates the cluster in the folder `cluster` if there is none.
 *
 * @throws EmbeddedPostgresError BINARIES_UNUSABLE, USER_UNSUPPORTED, START_FAILED, or DATA_FOLDER_UNUSABLE when the
 *   folder holds something else or another major version's data.
 */
export async function ensureCluster(options: ClusterOptions): Promise<void> {
  const { cluster, binaries } = options
  if (!(await versionOf(cluster))) {
    await publishFolder(cluster, (temporary) => initialise({ ...options, cluster: temporary }))
  }
  const version = await versionOf(cluster)
  const expected = majorOf(binaries)
  if (version === expected) return
  throw new EmbeddedPostgresError(
    'DATA_FOLDER_UNUSABLE',
    version
      ? `The database in ${cluster} was made by PostgreSQL ${version}, and this Parley brings ${expected}: dump it with ` +
          'the Parley that made it and load it again, or choose another DATA_DIR.'
      : `The folder ${cluster} is not empty and holds no database: empty it or choose another DATA_DIR.`,
  )
}

/** The major version of the cluster's data; nothing when there is no cluster. */
async function versionOf(cluster: string): Promise<string | undefined> {
  try {
    return (await readFile(join(cluster, 'PG_VERSION'), 'utf8')).trim()
  } catch {
    return undefined
  }
}

async function initialise(options: ClusterOptions): Promise<void> {
  const { cluster, binaries, user, log, timeoutMs } = options
  await handOver(cluster, user)
  const initdb = startSupervised({
    command: [programOf(binaries, 'initdb'), ...INITDB_OPTIONS, '--pgdata', dataFolderArgument(cluster, user)],
    folder: cluster,
    user,
    errorOutput: log.fd,
  })
  if (!(await settlesWithin(initdb.ended, timeoutMs))) {
    await initdb.stop()
    throw new EmbeddedPostgresError('START_FAILED', `The database was not created within ${Math.round(timeoutMs)} ms.`)
  }
  const status = await initdb.ended
  if (status !== 0) throw initialisationFailure(status, user, await log.excerpt())
}

function initialisationFailure(status: number, user: ServerUser, output: string): EmbeddedPostgresError {
  if (COMMAND_NOT_RUNNABLE.includes(status)) {
    return new EmbeddedPostgresError(
      'BINARIES_UNUSABLE',
      `The embedded PostgreSQL does not run on this system: set DATABASE_URL to a PostgreSQL server, 15 or newer. (${output})`,
    )
  }
  if (output.includes('could not look up effective user ID')) {
    return new EmbeddedPostgresError(
      'USER_UNSUPPORTED',
      `The embedded PostgreSQL cannot run as user id ${user.uid}, which has no entry in /etc/passwd: ` +
        'set DATABASE_URL to a PostgreSQL server, 15 or newer, or run Parley as a user that has one.',
    )
  }
  return new EmbeddedPostgresError('START_FAILED', `The database could not be created: ${output}`)
}
