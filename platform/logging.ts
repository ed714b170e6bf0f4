import { type DestinationStream, type LoggerOptions, type Logger as PinoLogger, pino } from 'pino'
import { describeError } from './error-description.ts'
import { withoutSecrets, withoutSecretTexts } from './log-redaction.ts'
import { logScopeNow } from './log-scope.ts'

export type Logger = PinoLogger

/** Of a child's bindings, which pino writes apart from what is logged. */
const SECRET_BINDINGS = ['authorization', 'cookie', 'accessToken', 'refreshToken', 'token', 'password', 'secret']

/**
 * A structured logger: `level`, `time`, `name`, what the work under way is done for (`requestId`, see `LogScope`), the
 * fields of the line, `msg`. Fields that may hold a credential are censored at any depth, what looks like one in texts is
 * too, and errors are described without what the database quotes of its rows.
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
    redact: { paths: SECRET_BINDINGS.flatMap((key) => [key, `*.${key}`]), censor: '[redacted]' },
    formatters: { log: describe },
    serializers: { err: (described: unknown) => described },
    hooks: { streamWrite: withoutSecretTexts },
  } satisfies LoggerOptions
  if (options.format === 'json') return pino(settings, options.destination ?? pino.destination(1))
  return pino({
    ...settings,
    transport: { target: 'pino-pretty', options: { ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss' } },
  })
}

/** What is thrown is described as an error, whatever it is. */
function describe({ err, ...fields }: Record<string, unknown>): Record<string, unknown> {
  return withoutSecrets(err === undefined ? fields : { err: describeError(err), ...fields })
}
