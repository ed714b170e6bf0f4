import { type DestinationStream, type LoggerOptions, type Logger as PinoLogger, pino } from 'pino'
import { describeError } from './error-description.ts'
import { withoutSecrets, withoutSecretTexts } from './log-redaction.ts'
import { logScopeNow } from './log-scope.ts'

export type Logger = PinoLogger

/**
 * A structured logger: `level`, `time`, `name`, what the work under way is done for (`requestId`, see `LogScope`), the
 * fields of the line and of the child that writes it, `msg`. Fields by whose name they hold a credential are censored, twelve
 * levels deep, beyond which nothing is written; so is, in any text, what has the form of one (see `withoutSecretTexts`).
 * Errors are described as `describeError` does.
 *
 * @param options.level one of pino's levels; `silent` writes nothing.
 * @param options.format `pretty` for people at a terminal, `json` (one object a line) for collectors.
 * @param options.destination where JSON goes; standard output when not given.
 */
export function createLogger(options: {
  name: string
  level: string
  format: 'pretty' | 'json'
  destination?: DestinationStream
}): Logger {
  const settings = {
    name: options.name,
    level: options.level,
    mixin: () => ({ ...logScopeNow() }),
    formatters: { log: describe },
    serializers: { err: (described: unknown) => described },
    hooks: { streamWrite: withoutSecretTexts },
  } satisfies LoggerOptions
  if (options.format === 'json') return withCensoredBindings(pino(settings, options.destination ?? pino.destination(1)))
  return withCensoredBindings(
    pino({
      ...settings,
      transport: { target: 'pino-pretty', options: { ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss' } },
    }),
  )
}

/** What a logger is bound to, pino writes as it was given: `formatters` see the first logger's alone, and no later ones. */
function withCensoredBindings(logger: Logger): Logger {
  const { child, setBindings } = logger
  logger.child = function (this: Logger, bindings, options) {
    return child.call(this, withoutSecrets(bindings), options)
  } as Logger['child']
  logger.setBindings = function (this: Logger, bindings) {
    setBindings.call(this, withoutSecrets(bindings))
  }
  return logger
}

/** What is thrown is described as an error, whatever it is. */
function describe({ err, ...fields }: Record<string, unknown>): Record<string, unknown> {
  return withoutSecrets(err === undefined ? fields : { err: describeError(err), ...fields })
}
