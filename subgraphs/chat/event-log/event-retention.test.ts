import { randomUUID } from 'node:crypto'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { createLogger } from '../../../platform/logging.ts'
import type { Conversation } from '../conversation/conversation.entity.ts'
import { openChatFixture } from '../testing/chat-fixture.ts'
import { EventRetention, pruneLogs } from './event-retention.ts'

const chat = await openChatFixture()
afterAll(() => chat[Symbol.asyncDispose]())
/** What other tests have left is not pruned once more. */
beforeEach(() => chat.fork().execute('TRUNCATE chat.conversation_event'))

const prune = (batches = 1_000) => pruneLogs(chat.fork, { batches })

/** Appends so many events to a conversation's log. */
async function grow({ id }: Conversation, count: number): Promise<void> {
  await chat.fork().execute(
    `WITH head AS (
       UPDATE chat.conversation SET event_seq = event_seq + ? WHERE id = ? RETURNING event_seq
     )
     INSERT INTO chat.conversation_event (conversation_id, seq, kind)
     SELECT ?, seq, 'ConversationUpdated' FROM head, generate_series(event_seq - ? + 1, event_seq) AS seq`,
    [count, id, id, count],
  )
}

/** A conversation whose log holds so many events. */
async function talkOf(count: number): Promise<Conversation> {
  const talk = await chat.converse('GROUP')
  await chat.fork().execute('DELETE FROM chat.conversation_event WHERE conversation_id = ?', [talk.id])
  await chat.fork().execute('UPDATE chat.conversation SET event_seq = 0 WHERE id = ?', [talk.id])
  await grow(talk, count)
  return talk
}

interface Log {
  readonly head: number
  readonly floor: number
  /** The oldest event and the newest, and how many there are. */
  readonly first: number | null
  readonly last: number | null
  readonly count: number
}

async function logOf({ id }: Conversation): Promise<Log | undefined> {
  const [log] = await chat.fork().execute<Log[]>(
    `SELECT event_seq AS head, event_floor AS floor, min(seq) AS first, max(seq) AS last, count(seq)::integer AS count
     FROM chat.conversation LEFT JOIN chat.conversation_event ON conversation_id = id WHERE id = ? GROUP BY id`,
    [id],
  )
  return log
}

/** A log that begins right behind its floor and has no gap. */
const whole = (floor: number, head: number): Log => ({ head, floor, first: floor + 1, last: head, count: head - floor })

describe('a log that has grown long', () => {
  it('is pruned to its newest 1,000 to 2,000 events, and its floor says so', async () => {
    const [long, longer] = [await talkOf(7_345), await talkOf(12_000)]
    expect(await prune()).toBe(6_000 + 11_000)
    expect([await logOf(long), await logOf(longer)]).toEqual([whole(6_000, 7_345), whole(11_000, 12_000)])
  })

  it('keeps every event that a cursor may still ask for', async () => {
    for (const head of [2_000, 2_001, 2_999, 3_000]) {
      const talk = await talkOf(head)
      await prune()
      expect((await logOf(talk))?.floor, `of ${head}`).toBeLessThanOrEqual(head - 1_000)
      expect(await logOf(talk)).toEqual(whole(Math.floor(head / 1_000) * 1_000 - 1_000, head))
    }
  })

  it('is left alone until then, and once it is pruned until it has grown by another thousand', async () => {
    const talk = await talkOf(1_999)
    expect([await prune(), await logOf(talk)]).toEqual([0, whole(0, 1_999)])

    const runs: number[] = []
    for (let step = 0; step < 40; step += 1) {
      await grow(talk, 101)
      runs.push(await prune())
    }
    expect(runs.filter((events) => events > 0)).toEqual([1_000, 1_000, 1_000, 1_000, 1_000])
    expect(await logOf(talk)).toEqual(whole(5_000, 1_999 + 40 * 101))
  })

  it('is pruned while people write there, and their events have no gap', async () => {
    const talk = await talkOf(20_500)
    const saying = Array.from({ length: 30 }, (_, n) => chat.say(talk, `Line ${n}`))
    await Promise.all([...Array.from({ length: 10 }, () => prune(1)), ...saying])
    await prune()

    expect(await logOf(talk)).toEqual(whole(19_000, 20_530))
  })

  it('is left for the next run while somebody holds the conversation, and keeps no other one waiting', async () => {
    const [busy, other] = [await talkOf(3_000), await talkOf(3_000)]
    const writer = chat.fork()
    await writer.begin()
    await writer.execute('SELECT FROM chat.conversation WHERE id = ? FOR NO KEY UPDATE', [busy.id])
    expect(await prune()).toBe(2_000)
    expect([await logOf(busy), await logOf(other)]).toEqual([whole(0, 3_000), whole(2_000, 3_000)])

    await writer.commit()
    expect(await prune()).toBe(2_000)
    expect(await logOf(busy)).toEqual(whole(2_000, 3_000))
  })

  it('is pruned as far as one run may go, and further by the next', async () => {
    const talk = await talkOf(10_000)
    expect(await prune(2)).toBe(4_000)
    expect(await logOf(talk)).toEqual(whole(4_000, 10_000))
    expect(await prune(2)).toBe(4_000)
    expect(await prune(2)).toBe(1_000)
    expect(await logOf(talk)).toEqual(whole(9_000, 10_000))
  })

  it('is whole behind its floor wherever a run was killed', async () => {
    const talk = await talkOf(9_000)
    let steps = 0
    const dying = () => {
      steps += 1
      if (steps === 4) throw new Error('killed')
      return chat.fork()
    }
    await expect(pruneLogs(dying, { batches: 1_000 })).rejects.toThrow('killed')
    expect(await logOf(talk)).toEqual(whole(4_000, 9_000))

    expect(await prune()).toBe(4_000)
    expect(await logOf(talk)).toEqual(whole(8_000, 9_000))
  })

  it('goes as a whole, and not here, when its conversation was deleted', async () => {
    const talk = await talkOf(5_000)
    await chat.fork().execute('UPDATE chat.conversation SET deleted_at = now() WHERE id = ?', [talk.id])
    const statements = await chat.statementsOf(async () => expect(await prune()).toBe(0))
    expect(statements).toHaveLength(1)
  })
})

describe('the worker', () => {
  const complaints: unknown[] = []
  const logger = createLogger({ name: 'test', level: 'silent', format: 'json' })
  logger.error = (...complaint: unknown[]) => void complaints.push(complaint)

  it('prunes at once and then every so often, also when others do the same', async () => {
    const [one, two] = [await talkOf(30_000), await talkOf(8_000)]
    await using workers = new AsyncDisposableStack()
    for (let count = 0; count < 4; count += 1) {
      workers.use(new EventRetention({ fork: chat.fork, logger, times: { everyMs: 20, batchesPerRun: 3 } }))
    }
    await expect.poll(() => logOf(one)).toEqual(whole(29_000, 30_000))
    await expect.poll(() => logOf(two)).toEqual(whole(7_000, 8_000))
    await grow(two, 1_000)
    await expect.poll(() => logOf(two)).toEqual(whole(8_000, 9_000))
    expect(complaints).toEqual([])
  })

  it('stops after the batch that is under way', async () => {
    const talk = await talkOf(50_000)
    let forks = 0
    let stopped: Promise<void> | undefined
    const worker = new EventRetention({
      // One looks for long logs, each of the others prunes a batch: told to stop as it begins the third.
      fork: () => {
        forks += 1
        if (forks === 4) stopped = worker[Symbol.asyncDispose]()
        return chat.fork()
      },
      logger,
      times: { everyMs: 60_000, batchesPerRun: 1_000 },
    })
    await expect.poll(() => forks).toBeGreaterThanOrEqual(4)
    await stopped
    expect(await logOf(talk)).toEqual(whole(6_000, 50_000))
    expect(complaints).toEqual([])
  })
})

/** One node of a plan, as Postgres explains it. */
interface PlanNode {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly Plans?: readonly PlanNode[]
}

const nodesOf = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)]

describe('looking for long logs', () => {
  it('reads the index of every thousandth event, and of those that are due whether they are there', async () => {
    for (let count = 0; count < 3; count += 1) await talkOf(10_000)
    await chat.fork().execute('VACUUM ANALYZE chat.conversation_event')
    const [statement = ''] = await chat.statementsOf(() => prune(0))
    const sql = statement.slice(statement.indexOf('SELECT'), statement.indexOf('LIMIT 1') + 'LIMIT 1'.length)
    const [explained] = await chat
      .fork()
      .execute<{ 'QUERY PLAN': [{ Plan: PlanNode }] }[]>(`EXPLAIN (FORMAT JSON) ${sql}`, [randomUUID()])

    const nodes = explained ? nodesOf(explained['QUERY PLAN'][0].Plan) : []
    expect(nodes.filter((node) => node['Relation Name'] !== undefined)).toMatchObject([
      { 'Node Type': 'Index Only Scan', 'Index Name': 'conversation_event_thousandth' },
      { 'Node Type': 'Index Scan', 'Index Name': 'conversation_pkey' },
    ])
  })
})
