import { ConfigurationError } from './environment.ts'

/** Past `SHUTDOWN_GRACE_MS` the process still gets so long to end by itself. */
const LAST_MOMENTS_MS = 1_500

/**
 * Runs a process from start to signal: a wrong configuration is one message on stderr and exit code 1; SIGTERM or
 * SIGINT disposes what was started and exits 0; a second signal, or a disposal that outlasts the grace, exits 1.
 *
 * @param readConfig a pure function of the environment.
 * @param start the process's composition root.
 */
export async function runProcess<Config extends { readonly shutdownGraceMs: number }>(
  readConfig: (environment: NodeJS.ProcessEnv) => Config | Promise<Config>,
  start: (config: Config) => Promise<AsyncDisposable>,
): Promise<void> {
  try {
    const config = await readConfig(process.env)
    const running = await start(config)
    const stop = () => void shutDown(running, config.shutdownGraceMs + LAST_MOMENTS_MS)
    process.once('SIGTERM', stop).once('SIGINT', stop)
  } catch (error) {
    process.stderr.write(`${explain(error)}\n`)
    process.exit(1)
  }
}

async function shutDown(running: AsyncDisposable, withinMs: number): Promise<void> {
  process.on('SIGTERM', () => process.exit(1)).on('SIGINT', () => process.exit(1))
  setTimeout(() => process.exit(1), withinMs).unref()
  try {
    await running[Symbol.asyncDispose]()
    process.exit(0)
  } catch (error) {
    process.stderr.write(`${explain(error)}\n`)
    process.exit(1)
  }
}

function explain(error: unknown): string {
  if (error instanceof ConfigurationError) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
