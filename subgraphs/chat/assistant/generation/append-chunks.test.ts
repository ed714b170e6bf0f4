import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { newUuid } from '../../../../platform/ids.ts'
import type { EventPosition } from '../../event-log/event-cursor.ts'
import { type ChatFixture, openChatFixture } from '../../testing/chat-fixture.ts'
import { appendChunks, type Fence } from './append-chunks.ts'

const LEASE_MS = 60_000

describe('text that is added to replies', () => {
  let chat: ChatFixture
  let conversationId: string
  beforeAll(async () => {
    chat = await openChatFixture()
  })
  afterAll(() => chat[Symbol.asyncDispose]())
  beforeEach(async () => {
    conversationId = (await chat.converse('GROUP')).id
  })

  /** So many replies that are being written, all in their first attempt. */
  async function running(count: number): Promise<[Fence, ...Fence[]]> {
    const ids = Array.from({ length: count }, newUuid)
    await chat.fork().execute(
      `INSERT INTO chat.generation (conversation_id, id, message_id, status, model, attempt, lease_until)
       SELECT ?, id::uuid, gen_random_uuid(), 'RUNNING', 'a-model', 1, now() + interval '1 minute'
       FROM jsonb_array_elements_text(?::jsonb) AS given(id)`,
      [conversationId, JSON.stringify(ids)],
    )
    return ids.map((id) => ({ conversationId, id, attempt: 1 })) as [Fence, ...Fence[]]
  }

  const append = async (...additions: Parameters<typeof appendChunks>[1]) => {
    const appended = await appendChunks(chat.fork(), additions, LEASE_MS)
    return appended.map(({ verdict }) => verdict)
  }
  const set = (fence: Fence, what: string) =>
    chat.fork().execute(`UPDATE chat.generation SET ${what} WHERE id = ?`, [fence.id])
  const textOf = async ({ id }: Fence) => {
    const [row] = await chat.fork().execute<{ text: string | null; length: number }[]>(
      `SELECT text_length AS length, (
         SELECT string_agg(text, '' ORDER BY start_offset) FROM chat.generation_chunk WHERE generation_id = generation.id
       ) AS text FROM chat.generation WHERE id = ?`,
      [id],
    )
    expect(row?.length).toBe((row?.text ?? '').length)
    return row?.text ?? ''
  }

  it('is written for all of them in one statement, each at its own offset', async () => {
    const fences = await running(3)
    await append(...fences.slice(1).map((fence) => ({ ...fence, offset: 0, text: '"👩‍💻"\n' })))
    const statements = await chat.statementsOf(async () => {
      const additions = fences.map((fence, index) => ({ ...fence, offset: index === 0 ? 0 : 8, text: `${index}` }))
      expect(await append(...additions)).toEqual(['written', 'written', 'written'])
    })

    expect(statements).toHaveLength(1)
    expect(await Promise.all(fences.map(textOf))).toEqual(['0', '"👩‍💻"\n1', '"👩‍💻"\n2'])
  })

  it('says where the conversation’s log stood', async () => {
    const [fence] = await running(1)
    const [head] = await chat
      .fork()
      .execute<EventPosition[]>('SELECT epoch, event_seq AS seq FROM chat.conversation WHERE id = ?', [conversationId])
    const added = { ...fence, offset: 0, text: 'once' }
    expect(await appendChunks(chat.fork(), [added], LEASE_MS)).toEqual([{ verdict: 'written', log: head }])
  })

  it('is added once, however often it is tried, and nothing may be left out or said differently', async () => {
    const [fence] = await running(1)
    const once = { ...fence, offset: 0, text: 'once' }
    expect([await append(once), await append(once)]).toEqual([['written'], ['written']])
    expect(await append({ ...fence, offset: 4, text: ', and on' })).toEqual(['written'])

    expect(await append(once)).toEqual(['refused'])
    expect(await append({ ...fence, offset: 14, text: 'beyond' })).toEqual(['refused'])
    expect(await textOf(fence)).toBe('once, and on')
  })

  it.each([
    ['another attempt', 'attempt = 2'],
    ['an ended reply', "status = 'CANCELLED'"],
    ['a queued one', "status = 'QUEUED'"],
    ['one that was handed over', 'lease_until = NULL'],
  ])('is refused for %s, and does not harm the others', async (_, change) => {
    const [gone, fine] = await running(2)
    if (!fine) throw new Error('There are two.')
    await set(gone, change)
    const unknown = { conversationId, id: newUuid(), attempt: 1 }
    const additions = [gone, unknown, fine].map((fence) => ({ ...fence, offset: 0, text: 'late' }))

    expect(await append(...additions)).toEqual(['refused', 'refused', 'written'])
    expect(await append(...additions.map((addition) => ({ ...addition, text: '' })))).toEqual([
      ...['refused', 'refused', 'written'],
    ])
    expect(await Promise.all([textOf(gone), textOf(fine)])).toEqual(['', 'late'])
  })

  it('keeps nobody waiting for a reply whose row somebody holds', async () => {
    const [held, free] = await running(2)
    if (!free) throw new Error('There are two.')
    const additions = [held, free].map((fence) => ({ ...fence, offset: 0, text: 'now' }))
    await chat.fork().transactional(async (blocker) => {
      await blocker.execute('SELECT 1 FROM chat.generation WHERE id = ? FOR NO KEY UPDATE', [held.id])
      expect(await append(...additions)).toEqual(['busy', 'written'])
    })
    expect(await append(...additions)).toEqual(['written', 'written'])
  })

  it('renews the lease, with and without a text', async () => {
    const [fence] = await running(1)
    const isAlive = async () => {
      const [row] = await chat
        .fork()
        .execute('SELECT lease_until > now() AS alive FROM chat.generation WHERE id = ?', [fence.id])
      return row?.alive
    }
    for (const text of ['', 'still here']) {
      await set(fence, "lease_until = now() - interval '1 second'")
      expect(await append({ ...fence, offset: 0, text })).toEqual(['written'])
      expect(await isAlive()).toBe(true)
    }
    const [row] = await chat
      .fork()
      .execute('SELECT first_token_at IS NOT NULL AS begun FROM chat.generation WHERE id = ?', [fence.id])
    expect(row?.begun).toBe(true)
  })

  /** Begins the next attempt at these, as workers that take over do; what they find then is all there is. */
  function takeOver(fences: readonly Fence[], pauseMs: number): Promise<unknown> {
    const ids = fences.map(({ id }) => id)
    return chat.fork().transactional(async (em) => {
      await em.execute('UPDATE chat.generation SET attempt = attempt + 1, text_length = 0 WHERE id IN (?)', [ids])
      await em.execute('DELETE FROM chat.generation_chunk WHERE generation_id IN (?)', [ids])
      await em.execute('SELECT pg_sleep(? / 1000.0)', [pauseMs])
    })
  }

  it('is never that of a zombie after a takeover, in 400 races of the two', async () => {
    const all = await running(400)
    const outcomes = new Set<string>()
    for (let start = 0; start < all.length; start += 10) {
      const fences = all.slice(start, start + 10)
      const zombies = fences.map((fence) => ({ ...fence, offset: 0, text: 'zombie' }))
      const successors = fences.map((fence) => ({ ...fence, attempt: 2, offset: 0, text: 'successor' }))
      const [verdicts] = await Promise.all([append(...zombies), takeOver(fences, (start / 10) % 3)])
      for (const verdict of verdicts) outcomes.add(verdict)
      await Promise.all([append(...zombies), append(...successors)])
      expect(await append(...successors)).toEqual(fences.map(() => 'written'))
      expect(await append(...zombies)).toEqual(fences.map(() => 'refused'))
    }

    expect(outcomes.size, 'how the races went').toBeGreaterThan(1)
    const rows = await chat.fork().execute(
      `SELECT attempt, text, count(*)::integer AS count FROM chat.generation_chunk
       WHERE conversation_id = ? GROUP BY attempt, text`,
      [conversationId],
    )
    expect(rows).toEqual([{ attempt: 2, text: 'successor', count: 400 }])
  })
})
