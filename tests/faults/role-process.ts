import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, fstatSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { get } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { spawnOwned } from './own-children.ts'

const PROJECT = fileURLToPath(new URL('../..', import.meta.url))
const START_MS = 60_000
/** SHUTDOWN_GRACE_MS, and what a process may take beyond it. */
const STOP_MS = 15_000
const LOOK_EVERY_MS = 50
const ANSWER_MS = 1_000

export interface RoleOptions {
  readonly name: string
  /** From the project's folder. */
  readonly program: string
  readonly port: number
  readonly environment: Readonly<Record<string, string>>
  /** Receives what the process says. */
  readonly logPath: string
  /** It ended though nobody told it to, or otherwise than it was told to. */
  readonly onCrash: (how: string) => void
}

/** A process of Parley, as an orchestrator runs it: always on the same port, and started anew when it has ended. */
export class RoleProcess {
  readonly name: string
  readonly url: string
  readonly port: number
  readonly #options: RoleOptions
  #child: ChildProcess | undefined
  #isExpectedToEnd = false
  #logStart = 0
  #restarted: Promise<void> = Promise.resolve()

  constructor(options: RoleOptions) {
    this.name = options.name
    this.port = options.port
    this.url = `http://127.0.0.1:${options.port}`
    this.#options = options
  }

  /** @throws Error while it does not run. */
  get pid(): number {
    const { pid } = this.#child ?? {}
    if (pid === undefined) throw new Error(`${this.name} does not run.`)
    return pid
  }

  /** What it has said since it was last started. */
  readonly readLog = async (): Promise<string> =>
    (await readFile(this.#options.logPath)).subarray(this.#logStart).toString()

  /** Starts it and waits until it is ready. */
  async start(): Promise<void> {
    this.#launch()
    const deadline = performance.now() + START_MS
    while (!(await this.isReady())) {
      if (performance.now() > deadline) throw new Error(`${this.name} is not ready: see ${this.#options.logPath}.`)
      await delay(LOOK_EVERY_MS)
    }
  }

  /** Whether it may be sent traffic now. */
  async isReady(): Promise<boolean> {
    return (await answerOf(`${this.url}/ready`).catch(() => undefined))?.status === 200
  }

  /** What it tells of itself, in Prometheus' text format. */
  async metrics(): Promise<string> {
    return (await answerOf(`${this.url}/metrics`)).body
  }

  /**
   * Ends it, by a signal that it cannot hear or by one that tells it to stop, and starts it again after a pause. Whoever
   * else restarts it in the meantime comes next.
   */
  restart(how: 'kill' | 'stop', pauseMs: number): Promise<void> {
    this.#restarted = this.#restarted.then(async () => {
      await (how === 'kill' ? this.kill() : this.stop())
      await delay(pauseMs)
      await this.start()
    })
    return this.#restarted
  }

  /** Ends it as a crash or the kernel does, and waits until it is gone. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** Tells it to stop, and waits until it has; anything but exit code 0 in time is a crash. */
  async stop(): Promise<void> {
    const how = await Promise.race([this.#end('SIGTERM'), delay(STOP_MS, 'still running', { ref: false })])
    if (how !== 'exit code 0') this.#options.onCrash(`at SIGTERM: ${how}`)
    if (how === 'still running') await this.kill()
  }

  #launch(): void {
    const { program, environment, logPath, port } = this.#options
    const log = openSync(logPath, 'a')
    this.#logStart = fstatSync(log).size
    const { PATH = '', HOME = '/', TMPDIR, NODE_COMPILE_CACHE } = process.env
    const child = spawnOwned(process.execPath, [program], {
      cwd: PROJECT,
      // A process of ours stops when this channel closes, so none outlives us.
      stdio: ['ignore', log, log, 'ipc'],
      env: {
        PATH,
        HOME,
        ...(TMPDIR && { TMPDIR }),
        ...(NODE_COMPILE_CACHE && { NODE_COMPILE_CACHE }),
        LOG_FORMAT: 'json',
        // Where its debugger listens once it is asked for.
        NODE_OPTIONS: '--inspect-port=127.0.0.1:0',
        ...environment,
        [PORT_VARIABLES[program] ?? 'PORT']: String(port),
      },
    })
    closeSync(log)
    this.#child = child
    this.#isExpectedToEnd = false
    child.once('exit', (code, signal) => {
      if (this.#child !== child || this.#isExpectedToEnd) return
      this.#options.onCrash(`by itself: ${describeEnd(code, signal)}`)
      this.#launch()
    })
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<string> {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return 'not running'
    this.#isExpectedToEnd = true
    const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
    child.kill(signal)
    return describeEnd(...(await exited))
  }
}

const PORT_VARIABLES: Readonly<Record<string, string>> = {
  'subgraphs/auth/main.ts': 'AUTH_PORT',
  'subgraphs/chat/main.ts': 'CHAT_PORT',
}

const describeEnd = (code: number | null, signal: NodeJS.Signals | null) =>
  code === null ? `signal ${signal}` : `exit code ${code}`

/** Over a connection of its own, so that none is kept open to a process that is being counted. */
function answerOf(url: string): Promise<{ status: number | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false, timeout: ANSWER_MS }, (response) => {
      let body = ''
      response
        .setEncoding('utf8')
        .on('data', (text: string) => {
          body += text
        })
        .on('end', () => resolve({ status: response.statusCode, body }))
        .on('error', reject)
    })
    request.on('timeout', () => request.destroy(new Error('No answer came.'))).on('error', reject)
  })
}
