import type { MikroORM } from '@mikro-orm/postgresql'
import { ConfigurationError } from '../platform/environment.ts'
import { readSecretFiles } from '../platform/environment-files.ts'
import { ApplicationError } from '../platform/errors.ts'
import { UserFault } from '../platform/user-fault.ts'
import type { AuthConfig } from '../subgraphs/auth/config.ts'
import { openAuthForAdministration } from './administration.ts'

/** What an operator's command works on. */
export interface Administration {
  readonly config: AuthConfig
  readonly orm: MikroORM
}

/** One command of the operator's, on what is opened for it. */
export interface Command<Wanted, Opened = Administration> {
  /** How to say it, for whoever said it wrongly. */
  readonly usage: string
  /** Reads what was typed, before anything is opened. */
  readonly read: () => Wanted | Promise<Wanted>
  /** @returns what was done, in whole sentences. */
  readonly carryOut: (opened: Opened, wanted: Wanted) => Promise<string>
  /** Better words for an error, where the command has some. */
  readonly explain?: (error: unknown) => string | undefined
}

/** Runs a command on auth to its end: tells what was done, or says in one message why it was not, with exit code 1. */
export function runCommand<Wanted>(command: Command<Wanted>): Promise<void> {
  return runCommandOn(openAuthForAdministration, command)
}

/** As runCommand, on what `open` opens; that is closed in the end. */
export async function runCommandOn<Wanted, Opened>(
  open: (env: NodeJS.ProcessEnv) => Promise<Opened & AsyncDisposable>,
  command: Command<Wanted, Opened>,
): Promise<void> {
  try {
    const wanted = await command.read()
    const opened = await open(readSecretFiles(process.env))
    const done = await command.carryOut(opened, wanted).finally(() => opened[Symbol.asyncDispose]())
    process.stdout.write(`${done}\n`)
  } catch (error) {
    process.stderr.write(`${command.explain?.(error) ?? explain(error, command.usage)}\n`)
    process.exitCode = 1
  }
}

function explain(error: unknown, usage: string): string {
  if (error instanceof UserFault || error instanceof ConfigurationError || error instanceof ApplicationError) {
    return error.message
  }
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'AbortError') return 'Nothing was done.'
  const isAboutArguments = 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
  return isAboutArguments ? `${error.message}\n${usage}` : (error.stack ?? error.message)
}
