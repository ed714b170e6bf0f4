import { createInterface } from 'node:readline'
import { createLogger } from '../logging.ts'

/** A process that logs what it is told: a record of JSON a line. */
const logger = createLogger({
  name: 'fixture',
  level: 'trace',
  format: process.env.LOG_FORMAT === 'json' ? 'json' : 'pretty',
})
for await (const line of createInterface({ input: process.stdin })) {
  const { message, ...fields } = JSON.parse(line) as Record<string, unknown>
  logger.info({ ...fields, err: new Error(String(message)) }, String(message))
}
