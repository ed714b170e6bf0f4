import { expect } from 'vitest'
import type { ChatFixture } from './chat-fixture.ts'

/** Waits until one statement waits for a lock, and one with this in it. */
export async function blockedStatement(chat: ChatFixture, part = ''): Promise<void> {
  const find = () =>
    chat.fork().execute(
      `SELECT query FROM pg_stat_activity
       WHERE datname = current_database() AND wait_event_type = 'Lock' AND position(? IN query) > 0`,
      [part],
    )
  await expect.poll(find, { timeout: 10_000, interval: 20 }).toHaveLength(1)
}
