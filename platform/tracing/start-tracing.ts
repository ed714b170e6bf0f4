import { z } from 'zod'
import { logFormatOf, processEnvironment, readEnvironment } from '../environment.ts'
import { createLogger, type Logger } from '../logging.ts'

const WARN_EVERY_MS = 60_000

const environmentSchema = z.object(processEnvironment)

const NOTHING: AsyncDisposable = { [Symbol.asyncDispose]: async () => undefined }

/**
 * Records traces when OTEL_EXPORTER_OTLP_ENDPOINT names a collector. A collector that is away, and an SDK that cannot be
 * loaded, cost a line in the log at most once a minute, and nothing else.
 *
 * @param service what the process is called there.
 * @param environment was read as the process's configuration before, and so is right.
 * @returns disposed, it sends what waits, within a second.
 */
export async function startTracing(service: string, environment: NodeJS.ProcessEnv): Promise<AsyncDisposable> {
  if (!environment.OTEL_EXPORTER_OTLP_ENDPOINT) return NOTHING
  const read = readEnvironment(environmentSchema, environment)
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_TRACES_SAMPLER_ARG: ratio, LOG_LEVEL: level } = read
  if (endpoint === undefined) return NOTHING
  const complain = complainer(() => createLogger({ name: service, level, format: logFormatOf(read) }))
  try {
    // Only now: it takes a tenth of a second and some megabytes, which those without a collector keep.
    const { registerSdk } = await import('./sdk.ts')
    return registerSdk({ service, endpoint, ratio, onFailure: complain })
  } catch (error) {
    complain(error)
    return NOTHING
  }
}

/** Tells of failures: at once, and then how many there were, at most once a minute. */
function complainer(makeLogger: () => Logger): (error: unknown) => void {
  let logger: Logger | undefined
  let warnedAt = Number.NEGATIVE_INFINITY
  let batches = 0
  return (error) => {
    batches += 1
    if (performance.now() - warnedAt < WARN_EVERY_MS) return
    logger ??= makeLogger()
    const { code, message } = Object(error) as { code?: unknown; message?: unknown }
    // Not the error itself: it holds what the collector has answered.
    logger.warn({ batches, reason: code ?? message }, 'traces are lost: the collector does not take them')
    warnedAt = performance.now()
    batches = 0
  }
}
