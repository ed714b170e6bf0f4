import type { LogPage } from '../event-log.ts'
import type { FakeLog } from './fake-log.ts'

/** Reads of a log that are answered when the test says so, with what was true when they began. */
export function heldReads(log: FakeLog) {
  const held: { page: LogPage | null; answer: (page: LogPage | null) => void }[] = []
  const read: FakeLog['read'] = (_, seq, limit) =>
    new Promise((answer) => held.push({ page: log.page(seq, limit), answer }))
  const release = async () => {
    const next = held.shift()
    next?.answer(next.page)
    await new Promise(setImmediate)
  }
  return { read, release, held }
}
