import { pino } from 'pino'
import type { Logger } from '../../platform/logging.ts'

/** A logger that keeps what it is told, at every level. */
export class LogLines {
  readonly #lines: { level: string; msg: string }[] = []
  readonly logger: Logger = pino(
    { level: 'trace', formatters: { level: (level) => ({ level }) } },
    { write: (line: string) => this.#lines.push(JSON.parse(line)) },
  )

  /** Whole lines, with all that they say. */
  lines(level: 'debug' | 'warn' | 'error'): object[] {
    return this.#lines.filter((line) => line.level === level)
  }

  messages(level: 'debug' | 'warn' | 'error'): string[] {
    return this.#lines.filter((line) => line.level === level).map((line) => line.msg)
  }
}
