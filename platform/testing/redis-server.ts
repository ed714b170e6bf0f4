import type { TestContext } from 'vitest'
import { freePort } from '../../tests/support/parley-process.ts'
import { requireProgram, ServerProcess } from './server-process.ts'

const REDIS_SERVER = process.env.REDIS_SERVER ?? 'redis-server'

/** For a test that needs Redis: without one it is skipped with the reason, and under CI it fails. */
export function requireRedis(context: TestContext): void {
  requireProgram(context, REDIS_SERVER, "Install Debian's redis-server, or set REDIS_SERVER.")
}

/** A server of a test's own, on one port for all its lives, without anything on disk. */
export class RedisServer implements AsyncDisposable {
  readonly port: number
  readonly #options: readonly string[]
  readonly #process = new ServerProcess()

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
    const options = [...always, ...this.#options]
    await this.#process.start({ program: REDIS_SERVER, options, readyLine: 'Ready to accept connections' })
  }

  /** As `kill -9`: it has no time to say anything to anybody. */
  kill(): Promise<void> {
    return this.#process.kill()
  }

  /** Stops it where it is: connections stay, and nothing is answered. */
  freeze(): void {
    this.#process.freeze()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
  }
}
