import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startTraceCollector } from '../tests/support/trace-collector.ts'

const FIXTURE = fileURLToPath(new URL('./testing/process.fixture.ts', import.meta.url))
const PATIENCE_MS = 20_000

/** Starts the fixture; it is killed at the latest when the test ends. */
function start(behaviour: string, shutdownGraceMs = 8_000, environment: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [FIXTURE], {
    env: { ...environment, BEHAVIOUR: behaviour, SHUTDOWN_GRACE_MS: String(shutdownGraceMs) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const text = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk
    })
  }
  const signal = AbortSignal.timeout(PATIENCE_MS)
  const closed = once(child, 'close', { signal })
  return {
    signal: (name: NodeJS.Signals) => child.kill(name),
    isOver: () => child.exitCode !== null,
    says: (word: string) => expect.poll(() => text.stdout, { timeout: PATIENCE_MS, interval: 10 }).toContain(word),
    ends: async () => {
      const [code] = await closed
      return { code, ...text }
    },
  }
}

describe('a process', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('disposes of what it started and ends with 0 at %s', async (name) => {
    const process = start('orderly')
    await process.says('running')
    process.signal(name)
    expect(await process.ends()).toEqual({ code: 0, stdout: 'running\ndisposed\n', stderr: '' })
  })

  it('ends in order though one Ctrl+C reaches it several times', async () => {
    const process = start('orderly')
    await process.says('running')
    for (let times = 0; times < 5; times += 1) process.signal('SIGINT')
    expect(await process.ends()).toMatchObject({ code: 0, stdout: 'running\ndisposed\n' })
  })

  it('that is told to stop while it starts stops in order once it has started', async () => {
    const process = start('slow to start')
    await process.says('starting')
    process.signal('SIGTERM')
    process.signal('SIGUSR2')
    const { code, stdout } = await process.ends()
    expect([code, stdout]).toEqual([0, expect.stringMatching(/disposed/)])
  })

  it('gives up when its disposal outlasts the grace', async () => {
    const process = start('hangs at its end', 0)
    await process.says('running')
    process.signal('SIGTERM')
    expect(await process.ends()).toMatchObject({ code: 1, stdout: 'running\ndisposing\n' })
  })

  it('waits for its disposal where nothing holds the event loop any more', async () => {
    const process = start('is held by nothing at its end')
    await process.says('running')
    process.signal('SIGTERM')
    expect(await process.ends()).toEqual({ code: 0, stdout: 'running\ndisposing\ndisposed\n', stderr: '' })
  })

  it('gives up a disposal that nothing holds and that outlasts the grace as any other', async () => {
    const process = start('hangs at its end, held by nothing', 0)
    await process.says('running')
    process.signal('SIGTERM')
    expect(await process.ends()).toEqual({ code: 1, stdout: 'running\ndisposing\n', stderr: '' })
  })

  it('gives up at a second signal', async () => {
    const process = start('hangs at its end', 60_000)
    await process.says('running')
    process.signal('SIGINT')
    await process.says('disposing')
    process.signal('SIGINT')
    expect(await process.ends()).toMatchObject({ code: 1 })
  })

  it('that fails at its end says why and ends with 1', async () => {
    const process = start('fails at its end')
    await process.says('running')
    process.signal('SIGTERM')
    expect(await process.ends()).toMatchObject({ code: 1, stderr: expect.stringContaining('could not close') })
  })

  it('that fails at its end has sent what it recorded of that', async () => {
    await using collector = await startTraceCollector()
    const process = start('fails at its end', 8_000, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })
    await process.says('running')
    process.signal('SIGTERM')
    expect(await process.ends()).toMatchObject({ code: 1, stderr: expect.stringContaining('could not close') })
    expect(collector.spans).toMatchObject([{ service: 'fixture', name: 'the end', hasFailed: true }])
  })

  it('that is told something wrong says so in one line and ends with 1', async () => {
    expect(await start('is told something wrong').ends()).toEqual({
      code: 1,
      stdout: '',
      stderr: 'PORT: port 80 is already taken\n',
    })
  })

  it('that has a bug says where and ends with 1', async () => {
    const { code, stderr } = await start('has a bug').ends()
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^TypeError: a bug\n\s+at .*process\.fixture\.ts/)])
  })
})
