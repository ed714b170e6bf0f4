import { flushCompileCache } from 'node:module'
import { ConfigurationError } from './environment.ts'

/** Past `SHUTDOWN_GRACE_MS` the process still gets so long to end by itself. */
const LAST_MOMENTS_MS = 1_500
/** A terminal sends one Ctrl+C to every process in front of it, and npm and the launcher pass theirs on as well. */
const ONE_CTRL_C_MS = 500

/**
 * Runs a process from start to signal: a wrong configuration is one message on stderr and exit code 1; SIGTERM or
 * SIGINT, also during the start, disposes what was started and exits 0; a second signal, half a second later or more,
 * and a disposal that outlasts the grace exit 1.
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
    const toldToStop = stopSignal(config.shutdownGraceMs + LAST_MOMENTS_MS)
    const running = await start(config)
    // Now, because a process that is killed leaves nothing behind at its end.
    flushCompileCache?.()
    await toldToStop
    await running[Symbol.asyncDispose]()
    process.exit(0)
  } catch (error) {
    process.stderr.write(`${explain(error)}\n`)
    process.exit(1)
  }
}

/** Resolves at the first signal to stop, or when the launcher is gone; from then on the process has so long to end. */
function stopSignal(withinMs: number): Promise<void> {
  return new Promise((resolve) => {
    let toldAt: number | undefined
    const onSignal = () => {
      if (toldAt !== undefined && performance.now() - toldAt >= ONE_CTRL_C_MS) process.exit(1)
      if (toldAt === undefined) setTimeout(() => process.exit(1), withinMs).unref()
      toldAt ??= performance.now()
      resolve()
    }
    process.on('SIGTERM', onSignal).on('SIGINT', onSignal).on('disconnect', onSignal)
  })
}

function explain(error: unknown): string {
  if (error instanceof ConfigurationError) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
