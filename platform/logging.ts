import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino'
import { describeError } from './error-description.ts'

export type Logger = PinoLogger

const SECRETS = ['authorization', 'accessToken', 'refreshToken', 'password', 'newPassword', 'currentPassword', 'token']

/**
 * A structured logger. Fields that may hold a credential are censored at the top level, one and two levels down; errors
 * are described without what the database quotes of its rows.
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
    redact: { paths: SECRETS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), censor: '[redacted]' },
    serializers: { err: describeError },
  }
  if (options.format === 'json') return pino(settings, options.destination ?? pino.destination(1))
  return pino({
    ...settings,
    transport: { target: 'pino-pretty', options: { ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss' } },
  })
}
