import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { createInterface } from 'node:readline'
import { onTestFinished, type TestContext } from 'vitest'
import { freePort } from '../../tests/support/parley-process.ts'

const NATS_SERVER = process.env.NATS_SERVER ?? 'nats-server'

/** For a test that needs NATS: without one it is skipped with the reason, and under CI it fails. */
export function requireNats(context: TestContext): void {
  if (!spawnSync(NATS_SERVER, ['--version']).error) return
  const reason = `THIS TEST DID NOT RUN: there is no ${NATS_SERVER}. Install Debian's nats-server, or set NATS_SERVER.`
  if (process.env.CI) throw new Error(reason)
  process.stderr.write(`${reason}\n`)
  context.skip(reason)
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
  #process: ChildProcess | undefined

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
    const child = spawn(NATS_SERVER, [...ports, ...options], {
      cwd: tmpdir(),
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.#process = child
    const end = () => child.kill('SIGKILL')
    process.once('exit', end)
    child.once('exit', () => process.off('exit', end))
    let said = ''
    for await (const line of createInterface({ input: child.stderr })) {
      if (line.includes('Server is ready')) {
        child.stderr.resume()
        return
      }
      said += `${line}\n`
    }
    throw new Error(`nats-server ended before it was ready.\n${said}`)
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
