import { writeSync } from 'node:fs'
import { startEmbeddedPostgres } from '../embedded-postgres.ts'
import { EmbeddedPostgresError } from '../embedded-postgres-error.ts'

/**
 * A Parley of its own for the tests: starts PostgreSQL on the folder named on the command line and prints one line of
 * JSON. It then lives until it is killed, or until it reads `exit` (process.exit) or `dispose` (an orderly end).
 */
const report = (line: object) => writeSync(1, `${JSON.stringify(line)}\n`)

try {
  const postgres = await startEmbeddedPostgres({ dataDirectory: process.argv[2] ?? '' })
  report({ host: postgres.connection.host, url: postgres.urlOf('postgres') })
  process.stdin.on('data', async (order) => {
    if (order.toString().trim() === 'exit') process.exit(0)
    await postgres[Symbol.asyncDispose]()
    process.stdin.destroy()
  })
} catch (error) {
  if (!(error instanceof EmbeddedPostgresError)) throw error
  report({ code: error.code, message: error.message })
}
