import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { ConfigurationError } from '../environment.ts'
import { runProcess } from '../process.ts'
import { beginTrace } from '../tracing/spans.ts'

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
  'is held by nothing at its end': async () => heldUntilItsEnd(() => delay(100, undefined, { ref: false })),
  'hangs at its end, held by nothing': async () => heldUntilItsEnd(() => new Promise(() => {})),
  'fails at its end': async () =>
    running(() =>
      beginTrace(
        undefined,
        () => ({ part: 'gateway', name: 'the end' }),
        () => Promise.reject(new Error('could not close')),
      ),
    ),
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

/** As an event loop that has run empty by the time that the rest is disposed of. */
function heldUntilItsEnd(dispose: () => Promise<void>): AsyncDisposable {
  const life = setInterval(() => {}, 60_000)
  setImmediate(() => say('running'))
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(life)
      say('disposing')
      await dispose()
      say('disposed')
    },
  }
}

await runProcess(
  (environment) => ({ shutdownGraceMs: Number(environment.SHUTDOWN_GRACE_MS) }),
  () => behaviours[process.env.BEHAVIOUR ?? '']?.() ?? Promise.reject(new Error('Set BEHAVIOUR.')),
  'fixture',
)
