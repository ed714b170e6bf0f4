import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { createInterface } from 'node:readline'
import type { TestContext } from 'vitest'
import { freePort } from '../../tests/support/parley-process.ts'

const REDIS_SERVER = process.env.REDIS_SERVER ?? 'redis-server'

/** For a test that needs Redis: without one it is skipped with the reason, and under CI it fails. */
export function requireRedis(context: TestContext): void {
  if (!spawnSync(REDIS_SERVER, ['--version']).error) return
  const reason = `THIS TEST DID NOT RUN: there is no ${REDIS_SERVER}. Install Debian's redis-server, or set REDIS_SERVER.`
  if (process.env.CI) throw new Error(reason)
  process.stderr.write(`${reason}\n`)
  context.skip(reason)
}

/** A server of a test's own, on one port for all its lives, without anything on disk. */
export class RedisServer implements AsyncDisposable {
  readonly port: number
  readonly #options: readonly string[]
  #process: ChildProcess | undefined

  private constructor(port: number, options: readonly string[]) {
    this.port = port
    this.#options = options
  }

  /** @param options of the command line, such as `--requirepass`. */
  static async start(...options: string[]): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), options)
    await server.start()
    return server
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /** Resolves when it accepts connections. */
  async start(): Promise<void> {
    const always = ['--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
    const child = spawn(REDIS_SERVER, [...always, ...this.#options], {
      cwd: tmpdir(),
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#process = child
    const end = () => child.kill('SIGKILL')
    process.once('exit', end)
    child.once('exit', () => process.off('exit', end))
    for await (const line of createInterface({ input: child.stdout })) {
      if (line.includes('Ready to accept connections')) {
        child.stdout.resume()
        return
      }
    }
    throw new Error('redis-server ended before it was ready.')
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

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
  }
}
