import { ConfigurationError } from './environment.ts'

/**
 * Runs a process from start to signal: a wrong configuration is one message on stderr and exit code 1; SIGTERM or
 * SIGINT disposes what was started and exits 0; a second signal exits at once.
 *
 * @param graceMs how long the disposal may take before the process exits 1.
 */
export async function runProcess(start: () => Promise<AsyncDisposable>, graceMs = 10_000): Promise<void> {
  try {
    const running = await start()
    const stop = () => void shutDown(running, graceMs)
    process.once('SIGTERM', stop).once('SIGINT', stop)
  } catch (error) {
    process.stderr.write(`${explain(error)}\n`)
    process.exit(1)
  }
}

async function shutDown(running: AsyncDisposable, graceMs: number): Promise<void> {
  process.once('SIGTERM', () => process.exit(1)).once('SIGINT', () => process.exit(1))
  setTimeout(() => process.exit(1), graceMs).unref()
  await running[Symbol.asyncDispose]()
  process.exit(0)
}

function explain(error: unknown): string {
  if (error instanceof ConfigurationError) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
