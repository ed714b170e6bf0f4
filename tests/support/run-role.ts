import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { PROJECT } from './compose-file.ts'
import type { Environment } from './parley-process.ts'

/** What a role that ends by itself wrote, and how it ended. */
export interface RoleOutcome {
  readonly stdout: string
  readonly stderr: string
  /** Null: a signal ended it. */
  readonly code: number | null
}

/** Runs a role of the image to its end, with this environment alone. */
export async function runRole(words: readonly string[], environment: Environment = {}): Promise<RoleOutcome> {
  const { PATH, NODE_COMPILE_CACHE } = process.env
  const role = spawn(process.execPath, ['scripts/role.ts', ...words], {
    cwd: PROJECT,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
    env: { PATH, ...(NODE_COMPILE_CACHE && { NODE_COMPILE_CACHE }), ...environment },
  })
  const [stdout, stderr, [code]] = await Promise.all([text(role.stdout), text(role.stderr), once(role, 'close')])
  return { stdout, stderr, code }
}
