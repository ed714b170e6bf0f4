import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openAll } from '../../platform/resources.ts'
import { freePort } from '../processes.ts'

const PROJECT = fileURLToPath(new URL('../..', import.meta.url))
const START_MS = 120_000
const LOOK_EVERY_MS = 100
/** All users of a run come from one address; how fast they sign up is not what is measured. */
const SIGN_UPS_A_MINUTE = '1000000'

/**
 * Starts the whole graph as `npm start` does, in a process of its own and with an empty database, both of which go with it.
 * The demo model answers, whatever is configured: nobody's tokens are spent.
 *
 * @throws Error when it is not ready within two minutes.
 */
export function startOwnGraph(): Promise<{ url: string } & AsyncDisposable> {
  return openAll(async (resources) => {
    const folder = await mkdtemp(join(tmpdir(), 'parley-load-'))
    resources.defer(() => rm(folder, { recursive: true, force: true }))
    const port = await freePort()
    const { PATH = '', HOME = '/' } = process.env
    const child = spawn(process.execPath, ['local/main.ts'], {
      cwd: PROJECT,
      // Ctrl+C is for the generator, which still has to hear what this graph has to say. It ends with this channel.
      detached: true,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: {
        ...{ PATH, HOME, DATA_DIR: folder, EXPLORER: 'offline', LOG_LEVEL: 'error' },
        ...{ PORT: String(port), AUTH_PORT: '0', CHAT_PORT: '0', RATE_LIMIT_SIGN_UP: SIGN_UPS_A_MINUTE },
      },
    })
    const gone = once(child, 'exit')
    resources.defer(async () => {
      child.kill('SIGTERM')
      await gone
    })
    const url = `http://127.0.0.1:${port}`
    await ready(url, () => child.exitCode !== null || child.signalCode !== null)
    return { url }
  })
}

async function ready(url: string, hasEnded: () => boolean): Promise<void> {
  const deadline = performance.now() + START_MS
  for (;;) {
    const response = await fetch(`${url}/ready`, { signal: AbortSignal.timeout(START_MS) }).catch(() => undefined)
    if (response?.ok) return
    if (hasEnded() || performance.now() > deadline) throw new Error('The graph for the load did not start.')
    await delay(LOOK_EVERY_MS)
  }
}
