/**
 * Runs one role of Parley; what the image's command names:
 *
 *   node scripts/role.ts gateway
 *   node scripts/role.ts create-admin --email ada@example.com
 *
 * What follows the role is the program's own. An unknown role is one message on stderr and exit code 2.
 */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const ROOT = join(import.meta.dirname, '..')

const PROGRAMS: Readonly<Record<string, string>> = {
  gateway: 'gateway/main.ts',
  auth: 'subgraphs/auth/main.ts',
  chat: 'subgraphs/chat/main.ts',
  worker: 'subgraphs/chat/worker/main.ts',
  migrate: 'local/migrate.ts',
  'demo-model': 'local/demo-model/main.ts',
  'make-secrets': 'local/make-secrets.ts',
  'create-admin': 'local/create-admin.ts',
  'rotate-keys': 'local/rotate-keys.ts',
  'renew-epochs': 'local/renew-epochs.ts',
  'reset-second-factor': 'local/reset-second-factor.ts',
}

const [role] = process.argv.slice(2)
const program = role !== undefined && Object.hasOwn(PROGRAMS, role) ? PROGRAMS[role] : undefined
if (program === undefined) {
  const wrong = role === undefined ? 'Which role?' : `There is no role ${JSON.stringify(role)}.`
  process.stderr.write(`${wrong} Name one of: ${Object.keys(PROGRAMS).join(', ')}\n`)
  process.exit(2)
}
const path = join(ROOT, program)
// The program reads its arguments as if it had been started itself.
process.argv.splice(1, 2, path)
await import(pathToFileURL(path).href)
