import { flushCompileCache } from 'node:module'
import { ConfigurationError } from './environment.ts'
import { readSecretFiles } from './environment-files.ts'
import { startTracing } from './tracing/start-tracing.ts'

/** Past `SHUTDOWN_GRACE_MS` the process still gets so long to end by itself. */
const LAST_MOMENTS_MS = 1_500

/**
 * Runs a process from start to signal: a wrong configuration is one message on stderr and exit code 1; SIGTERM or
 * SIGINT, also during the start, disposes what was started and exits 0; a second signal, and a disposal that outlasts the
 * grace, exit 1.
 *
 * @param readConfig a pure function of the environment.
 * @param start the process's composition root.
 * @param service what the process is called in traces; without it none are recorded.
 */
export async function runProcess<Config extends { readonly shutdownGraceMs: number }>(
  readConfig: (environment: NodeJS.ProcessEnv) => Config | Promise<Config>,
  start: (config: Config) => Promise<AsyncDisposable>,
  service?: string,
): Promise<void> {
  try {
    const config = await readConfig(readSecretFiles(process.env))
    const stop = listenForStop(config.shutdownGraceMs + LAST_MOMENTS_MS)
    const tracing = service === undefined ? undefined : await startTracing(service, process.env)
    const running = await start(config).catch((error: unknown) => {
      // A Ctrl+C in the middle of a start also reaches what was just being started, whose end is no news then.
      if (stop.isTold()) process.exit(0)
      throw error
    })
    // Now, because a process that is killed leaves nothing behind at its end.
    flushCompileCache?.()
    await stop.told
    try {
      await running[Symbol.asyncDispose]()
    } finally {
      await tracing?.[Symbol.asyncDispose]()
    }
    process.exit(0)
  } catch (error) {
    process.stderr.write(`${explain(error)}\n`)
    process.exit(1)
  }
}

/**
 * Hears when the process is told to stop: by a signal, by the launcher, or by the launcher's end. From then on it has so
 * long. A second signal, which only a person sends, ends it at once.
 */
function listenForStop(withinMs: number): { told: Promise<void>; isTold(): boolean } {
  const { promise, resolve } = Promise.withResolvers<void>()
  let signals = 0
  let isStopping = false
  const stop = () => {
    // It holds the event loop: disposals wait behind timers that do not, and Node would end with 13 in their middle.
    if (!isStopping) setTimeout(() => process.exit(1), withinMs)
    isStopping = true
    resolve()
  }
  const onSignal = () => {
    signals += 1
    if (signals > 1) process.exit(1)
    stop()
  }
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal).on('disconnect', stop).on('message', stop)
  return { told: promise, isTold: () => isStopping }
}

function explain(error: unknown): string {
  if (error instanceof ConfigurationError) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
