import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { testEnvironment } from '../../subgraphs/auth/testing/auth-client.ts'
import type { RunningAuth } from '../../subgraphs/auth/testing/running-auth.ts'

const PROJECT = fileURLToPath(new URL('../..', import.meta.url))

/** What is given to a command besides its arguments. */
export interface Typed {
  readonly variables?: Record<string, string>
  /** On the standard input, which is no terminal. */
  readonly input?: string
}

/** What a command wrote, and how it ended. */
export interface CommandOutcome {
  readonly stdout: string
  readonly stderr: string
  /** Null: a signal ended it. */
  readonly code: number | null
}

/** What `npm run <script> -- …` runs, on the database of a running auth. */
export async function runOnDatabaseOf(
  { databaseUrl }: Pick<RunningAuth, 'databaseUrl'>,
  script: 'create-admin' | 'reset-second-factor' | 'renew-epochs',
  args: readonly string[],
  { variables = {}, input = '' }: Typed = {},
): Promise<CommandOutcome> {
  const command = spawn(process.execPath, ['scripts/node.cjs', `local/${script}.ts`, ...args], {
    cwd: PROJECT,
    env: { PATH: process.env.PATH, ...testEnvironment(databaseUrl), ...variables },
  })
  command.stdin.end(input)
  const [stdout, stderr, [code]] = await Promise.all([
    text(command.stdout),
    text(command.stderr),
    once(command, 'close'),
  ])
  return { stdout, stderr, code }
}
