import { onTestFinished, type TestContext } from 'vitest'
import { freePort } from '../../tests/support/parley-process.ts'
import { requireProgram, ServerProcess } from './server-process.ts'

const NATS_SERVER = process.env.NATS_SERVER ?? 'nats-server'

/** For a test that needs NATS: without one it is skipped with the reason, and under CI it fails. */
export function requireNats(context: TestContext): void {
  requireProgram(context, NATS_SERVER, "Install Debian's nats-server, or set NATS_SERVER.")
}

/** A server for this test, which ends with it. */
export async function startNats(context: TestContext, ...options: string[]): Promise<NatsServer> {
  requireNats(context)
  const server = await NatsServer.start(...options)
  onTestFinished(() => server[Symbol.asyncDispose]())
  return server
}

/** A server of a test's own, on one port for all its lives, without anything on disk. */
export class NatsServer implements AsyncDisposable {
  readonly port: number
  readonly #monitorPort: number
  readonly #options: readonly string[]
  readonly #process = new ServerProcess()

  private constructor(port: number, monitorPort: number, options: readonly string[]) {
    this.port = port
    this.#monitorPort = monitorPort
    this.#options = options
  }

  /** @param options of the command line, such as `--auth`. */
  static async start(...options: string[]): Promise<NatsServer> {
    const server = new NatsServer(await freePort(), await freePort(), options)
    await server.start()
    return server
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`
  }

  /** How many subscriptions each of its clients has now. */
  async subscriptions(): Promise<number[]> {
    const response = await fetch(`http://127.0.0.1:${this.#monitorPort}/connz`)
    const { connections } = (await response.json()) as { connections: { subscriptions: number }[] }
    return connections.map(({ subscriptions }) => subscriptions)
  }

  /** Resolves when it accepts connections. */
  async start(options = this.#options): Promise<void> {
    const ports = ['-a', '127.0.0.1', '-p', String(this.port), '-m', String(this.#monitorPort)]
    await this.#process.start({ program: NATS_SERVER, options: [...ports, ...options], readyLine: 'Server is ready' })
  }

  /** As `kill -9`: it has no time to say anything to anybody. */
  kill(): Promise<void> {
    return this.#process.kill()
  }

  /** Stops it where it is: connections stay, and nothing is answered. */
  freeze(): void {
    this.#process.freeze()
  }

  /** Lets it go on after `freeze`. */
  thaw(): void {
    this.#process.thaw()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
  }
}
