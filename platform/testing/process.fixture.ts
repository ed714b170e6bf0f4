import { once } from 'node:events'
import { ConfigurationError } from '../environment.ts'
import { runProcess } from '../process.ts'

/** A process that does what `BEHAVIOUR` says, so that a test can send it signals. */
const behaviours: Record<string, () => Promise<AsyncDisposable>> = {
  orderly: async () => running(async () => say('disposed')),
  'slow to start': async () => {
    const started = once(process, 'SIGUSR2')
    // A listener for a signal does not keep a process alive.
    const work = setInterval(() => {}, 60_000)
    say('starting')
    await started
    clearInterval(work)
    return running(async () => say('disposed'))
  },
  'hangs at its end': async () =>
    running(() => {
      say('disposing')
      return new Promise(() => {})
    }),
  'fails at its end': async () => running(() => Promise.reject(new Error('could not close'))),
  'has a bug': () => Promise.reject(new TypeError('a bug')),
  'is told something wrong': () => Promise.reject(new ConfigurationError('PORT: port 80 is already taken')),
}

function say(word: string): void {
  process.stdout.write(`${word}\n`)
}

function running(dispose: () => Promise<void>): AsyncDisposable {
  const life = setInterval(() => {}, 60_000)
  setImmediate(() => say('running'))
  return {
    async [Symbol.asyncDispose]() {
      await dispose()
      clearInterval(life)
    },
  }
}

await runProcess(
  (environment) => ({ shutdownGraceMs: Number(environment.SHUTDOWN_GRACE_MS) }),
  () => behaviours[process.env.BEHAVIOUR ?? '']?.() ?? Promise.reject(new Error('Set BEHAVIOUR.')),
)
