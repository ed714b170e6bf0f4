import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { newUuid } from '../platform/ids.ts'
import type { Resources } from '../platform/resources.ts'
import { freePort } from './processes.ts'
import { COME_BACK_MS, type Fault, MiddleOfText, PATIENCE_MS, type Side, type Told } from './resume-side.ts'

const SERVER = fileURLToPath(new URL('peers/resumable-stream-server.js', import.meta.url))
const END = '[the end]'

/** resumable-stream behind a small HTTP server, on a Redis of its own. */
export async function openPeer(resources: Resources, told: Told): Promise<Side> {
  const redisUrl = await startRedis(resources)
  const server = new PeerServer(await freePort(), {
    REDIS_URL: redisUrl,
    MODEL_URL: told.modelUrl,
    PROMPT: told.prompt,
  })
  await server.start()
  resources.defer(() => server.kill())
  return {
    title: 'resumable-stream 2.2.13',
    readThrough: (fault) => new PeerReader(server, told.length).read(fault),
  }
}

class PeerServer {
  readonly port: number
  readonly #environment: Record<string, string>
  #child: ChildProcess | undefined

  constructor(port: number, environment: Record<string, string>) {
    this.port = port
    this.#environment = { PORT: String(port), ...environment }
  }

  async start(): Promise<void> {
    this.#child = fork(SERVER, [], { env: { PATH: process.env.PATH ?? '', ...this.#environment } })
    await once(this.#child, 'message')
  }

  async kill(): Promise<void> {
    if (!this.#child || this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await gone
  }

  async restart(): Promise<void> {
    await this.kill()
    await this.start()
  }
}

/** Comes back with the number of characters that it has. */
class PeerReader {
  readonly #server: PeerServer
  readonly #length: number
  #text = ''
  #connection = new AbortController()

  constructor(server: PeerServer, length: number) {
    this.#server = server
    this.#length = length
  }

  async read(fault: Fault): Promise<string> {
    const url = `http://127.0.0.1:${this.#server.port}/${newUuid()}`
    const middle = new MiddleOfText(this.#length, () => {
      if (fault === 'reader') this.#connection.abort()
      else void this.#server.restart()
    })
    let patientUntil = performance.now() + PATIENCE_MS
    while (!this.#text.endsWith(END) && performance.now() < patientUntil) {
      const before = this.#text.length
      await this.#follow(`${url}?resumeAt=${before}`, middle, patientUntil)
      if (this.#text.length > before) patientUntil = performance.now() + PATIENCE_MS
      await delay(COME_BACK_MS)
    }
    return this.#text.replace(END, '')
  }

  async #follow(url: string, middle: MiddleOfText, until: number): Promise<void> {
    this.#connection = new AbortController()
    const timer = setTimeout(() => this.#connection.abort(), until - performance.now())
    try {
      const response = await fetch(url, { signal: this.#connection.signal })
      if (!response.ok || !response.body) return
      for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
        this.#text += piece
        middle.grown(this.#text.length)
      }
    } catch {
    } finally {
      clearTimeout(timer)
    }
  }
}

async function startRedis(resources: Resources): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'parley-bench-redis-'))
  resources.defer(() => rm(directory, { recursive: true, force: true }))
  const port = await freePort()
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory, '--save', '']
  const redis = spawn('redis-server', options, { stdio: 'ignore' })
  const gone = once(redis, 'exit')
  resources.defer(async () => {
    redis.kill('SIGKILL')
    await gone
  })
  return `redis://127.0.0.1:${port}`
}
