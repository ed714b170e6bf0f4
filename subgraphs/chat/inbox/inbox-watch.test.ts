import { expect, it, vi } from 'vitest'
import { createLogger } from '../../../platform/logging.ts'
import { SilentBus } from '../../../tests/support/buses.ts'
import { InboxWatch } from './inbox-watch.ts'

it('a list that never changed counts as read, and is no reason to look at each sweep', async () => {
  const logger = createLogger({ name: 'test', level: 'silent', format: 'json' })
  const readVersions = vi.fn(async () => new Map<string, number>())
  await using watch = new InboxWatch({ bus: new SilentBus(), logger, readVersions, sweepEveryMs: 5 })
  const watcher = { ring: vi.fn(), isBehind: (version: number) => version > 0 }
  watch.watch('ada', watcher)
  await expect.poll(() => readVersions.mock.calls.length).toBeGreaterThan(2)
  expect(watcher.ring).not.toHaveBeenCalled()
})
