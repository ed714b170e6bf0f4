import { type Logger as PinoLogger, pino } from 'pino'

export type Logger = PinoLogger

const SECRETS = ['authorization', 'accessToken', 'refreshToken', 'password', 'newPassword', 'currentPassword', 'token']

/**
 * A structured logger. Fields that may hold a credential are censored at the top level, one and two levels down.
 *
 * @param options.level one of pino's levels; `silent` writes nothing.
 * @param options.format `pretty` for people at a terminal, `json` (one object a line) for collectors.
 */
export function createLogger(options: { name: string; level: string; format: 'pretty' | 'json' }): Logger {
  return pino({
    name: options.name,
    level: options.level,
    redact: { paths: SECRETS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), censor: '[redacted]' },
    ...(options.format === 'pretty' && {
      transport: {
        target: 'pino-pretty',
        options: { ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss' },
      },
    }),
  })
}
