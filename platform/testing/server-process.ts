import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { createInterface } from 'node:readline'
import type { TestContext } from 'vitest'

/** For a test that needs this program: without it the test is skipped with the reason, and under CI it fails. */
export function requireProgram(context: TestContext, program: string, remedy: string): void {
  if (!spawnSync(program, ['--version']).error) return
  const reason = `THIS TEST DID NOT RUN: there is no ${program}. ${remedy}`
  if (process.env.CI) throw new Error(reason)
  process.stderr.write(`${reason}\n`)
  context.skip(reason)
}

/** How a server is started, and how it says that it accepts connections. */
export interface ServerProgram {
  readonly program: string
  readonly options: readonly string[]
  /** A part of the line in which it says so, on one of its two streams. */
  readonly readyLine: string
}

/** A server of a test's own, which can be started, killed and frozen as often as the test likes. It dies with the test. */
export class ServerProcess implements AsyncDisposable {
  #process: ChildProcess | undefined

  /**
   * Resolves when it accepts connections.
   *
   * @throws Error with what it said when it ends before that.
   */
  async start({ program, options, readyLine }: ServerProgram): Promise<void> {
    const child = spawn(program, options, { cwd: tmpdir(), stdio: ['ignore', 'pipe', 'pipe'] })
    this.#process = child
    const end = () => child.kill('SIGKILL')
    process.once('exit', end)
    child.once('exit', () => process.off('exit', end))
    let said = ''
    await new Promise<void>((resolve, reject) => {
      for (const input of [child.stdout, child.stderr]) {
        createInterface({ input }).on('line', (line) => {
          if (line.includes(readyLine)) resolve()
          else if (said.length < 10_000) said += `${line}\n`
        })
      }
      child.once('error', reject)
      child.once('close', () => reject(new Error(`${program} ended before it was ready.\n${said}`)))
    })
  }

  /** As `kill -9`: it has no time to say anything to anybody. */
  async kill(): Promise<void> {
    const child = this.#process
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }

  /** Stops it where it is: connections stay, and nothing is answered. */
  freeze(): void {
    this.#process?.kill('SIGSTOP')
  }

  /** Lets it go on after `freeze`. */
  thaw(): void {
    this.#process?.kill('SIGCONT')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
  }
}
