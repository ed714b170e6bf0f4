/**
 * Measures what it costs to ask for the heads of 500 watched conversations, which a chat process does every second for all
 * that its streams watch. Prints how long one such statement takes among a hundred thousand conversations, one after
 * another over one connection, and how many heads a second that is:
 *
 *   node scripts/node.cjs bench/load/head-sweep.ts
 */
import { newUuid } from '../../platform/ids.ts'
import { Resources } from '../../platform/resources.ts'
import { readHeads } from '../../subgraphs/chat/event-log/event-log.ts'
import { openBenchChat } from '../chat.ts'
import { prepare } from '../database.ts'
import { describeTimes, print, quantile, timeOf } from '../measurement.ts'

const CONVERSATIONS = 100_000
const HEADS = 500
const ROUNDS = 300
const WARM_UP = 30

const resources = new Resources()
try {
  const { chat, url } = await openBenchChat(resources)
  const ids = Array.from({ length: CONVERSATIONS }, () => newUuid())
  await prepare(url, [
    {
      text: `INSERT INTO chat.conversation (id, kind, epoch, member_count)
        SELECT id, 'GROUP', gen_random_uuid(), 1 FROM unnest($1::uuid[]) AS new (id)`,
      values: [ids],
    },
    { text: 'VACUUM ANALYZE' },
  ])
  const some = () => Array.from({ length: HEADS }, () => ids[Math.floor(Math.random() * ids.length)] ?? '')
  const times: number[] = []
  for (let round = 0; round < WARM_UP + ROUNDS; round += 1) {
    const wanted = some()
    const time = await timeOf(() => readHeads(chat.fork(), wanted))
    if (round >= WARM_UP) times.push(time)
  }
  print(`the heads of ${HEADS} conversations: ${describeTimes(times)}`)
  print(`${Math.round((HEADS * 1_000) / quantile(times, 0.5))} heads a second over one connection`)
} finally {
  await resources[Symbol.asyncDispose]()
}
