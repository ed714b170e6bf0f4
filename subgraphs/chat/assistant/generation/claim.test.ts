import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type ChatFixture, openChatFixture } from '../../testing/chat-fixture.ts'
import { failureOf } from '../model/generation-error.ts'
import { type BegunClaim, finishAbandoned } from './claim.ts'
import { type Claim, handOver, LeaseLostError } from './generation-lease.ts'
import { addText, claimReply, FREE, finishReply } from './testing/claims.ts'

/** A lease that has run out as soon as it is given. */
const DEAD_MS = -1
const LOST = { status: 'FAILED', error: failureOf('WORKER_LOST') } as const

describe('the lease on a reply', () => {
  let chat: ChatFixture
  beforeAll(async () => {
    chat = await openChatFixture()
  })
  afterAll(() => chat[Symbol.asyncDispose]())
  beforeEach(async () => {
    await chat.fork().execute(`UPDATE chat.generation SET status = 'FAILED' WHERE status IN ('QUEUED', 'RUNNING')`)
  })

  async function queue(): Promise<void> {
    await chat.services.messages.send(chat.fork(), chat.viewerId, await chat.converse(), {
      body: 'Hi',
      clientId: randomUUID(),
    })
  }

  async function claim(leaseMs?: number): Promise<BegunClaim> {
    const claim = await claimReply(chat.fork(), leaseMs)
    if (!claim) throw new Error('There is no reply to write.')
    return claim
  }

  const lengths = new Map<string, number>()
  async function append(to: Claim, text: string, leaseMs?: number): Promise<void> {
    const key = `${to.id}/${to.attempt}`
    const offset = lengths.get(key) ?? 0
    await addText(chat.fork(), to, { offset, text }, leaseMs)
    lengths.set(key, offset + text.length)
  }

  const expire = ({ conversationId }: Claim) =>
    chat
      .fork()
      .execute(`UPDATE chat.generation SET lease_until = now() - interval '1 ms' WHERE conversation_id = ?`, [
        conversationId,
      ])
  const query = <Row>(sql: string, { conversationId }: Claim) => chat.fork().execute<Row[]>(sql, [conversationId])
  const storedText = async (of: Claim) =>
    (
      await query<{ text: string }>(
        `SELECT text FROM chat.generation_chunk WHERE conversation_id = ? ORDER BY start_offset`,
        of,
      )
    )
      .map(({ text }) => text)
      .join('')
  const bodyOf = async (of: Claim) =>
    (
      await query<{ body: string }>(
        `SELECT body FROM chat.message WHERE conversation_id = ? AND role = 'ASSISTANT'`,
        of,
      )
    )[0]?.body
  const eventsOf = async (of: Claim) =>
    (
      await query<{ kind: string }>(
        'SELECT kind FROM chat.conversation_event WHERE conversation_id = ? ORDER BY seq',
        of,
      )
    ).map(({ kind }) => kind)

  it('is given for each waiting reply once, the oldest first, however many ask at a time', async () => {
    for (let count = 0; count < 8; count += 1) await queue()
    const claims = await Promise.all(Array.from({ length: 20 }, () => claimReply(chat.fork())))

    const given = claims.filter((claim) => claim !== null)
    expect(new Set(given.map(({ id }) => id)).size).toBe(8)
    expect(given).toHaveLength(8)
    await queue()
    await queue()
    const [older, newer] = [await claim(), await claim()]
    expect(older.id < newer.id).toBe(true)
    expect(await claimReply(chat.fork())).toBeNull()
  })

  it('is given for the next reply when the oldest one’s conversation is locked, and for that one afterwards', async () => {
    await queue()
    await queue()
    const oldest = await chat
      .fork()
      .execute<{ id: string; conversationId: string }[]>(
        `SELECT id, conversation_id AS "conversationId" FROM chat.generation WHERE status = 'QUEUED' ORDER BY created_at`,
      )
    const [locked, free] = oldest
    await chat.fork().transactional(async (em) => {
      await em.execute('SELECT FROM chat.conversation WHERE id = ? FOR NO KEY UPDATE', [locked?.conversationId])
      expect(await claim()).toMatchObject({ id: free?.id, attempt: 1 })
      expect(await claimReply(chat.fork())).toBeNull()
    })
    expect(await claim()).toMatchObject({ id: locked?.id, attempt: 1 })
  })

  it('is given for no reply in a deleted conversation', async () => {
    await queue()
    await query('UPDATE chat.conversation SET deleted_at = now() WHERE id = ?', await claim(DEAD_MS))
    expect(await claimReply(chat.fork())).toBeNull()
  })

  it('passes on only when it has run out, and then with the next attempt and an empty text', async () => {
    await queue()
    const first = await claim()
    await append(first, 'half a sen')
    expect(await claimReply(chat.fork())).toBeNull()

    await expire(first)
    expect(first).toMatchObject({ begun: { events: [{ kind: 'ReplyStarted', messageId: first.messageId, seq: 3 }] } })
    expect(await claim()).toEqual({
      ...first,
      attempt: 2,
      begun: null,
      keptLength: 0,
      isFirst: false,
      isTakeover: true,
      unheardMs: null,
    })
    expect(await storedText(first)).toBe('')
    expect(await eventsOf(first)).toEqual(['MessageAdded', 'MessageAdded', 'ReplyStarted'])
  })

  it('is kept alive by every piece of text', async () => {
    await queue()
    const running = await claim(DEAD_MS)
    await append(running, 'still here')

    expect(await claimReply(chat.fork())).toBeNull()
  })

  it('refuses whatever a worker does after another one took over', async () => {
    await queue()
    const zombie = await claim(DEAD_MS)
    const successor = await claim()
    await append(successor, 'the successor’s')

    await expect(append(zombie, 'the zombie’s')).rejects.toThrow(LeaseLostError)
    await expect(handOver(chat.fork(), zombie)).rejects.toThrow(LeaseLostError)
    await expect(finishReply(chat.fork(), zombie)).rejects.toThrow(LeaseLostError)
    await finishReply(chat.fork(), successor)
    expect(await bodyOf(successor)).toBe('the successor’s')
  })

  it('ends with the reply: body, status and ReplyFinished are there at once, and later writes are refused', async () => {
    await queue()
    const running = await claim()
    for (const text of ['All ', 'of it', ' 👩‍💻.']) await append(running, text)
    await finishReply(chat.fork(), running)

    expect(await bodyOf(running)).toBe('All of it 👩‍💻.')
    expect(await storedText(running)).toBe('')
    expect(await eventsOf(running)).toEqual(['MessageAdded', 'MessageAdded', 'ReplyStarted', 'ReplyFinished'])
    await expect(append(running, 'more')).rejects.toThrow(LeaseLostError)
    await expect(finishReply(chat.fork(), running)).rejects.toThrow(LeaseLostError)
  })

  it('adds a piece once, however often its worker has to try', async () => {
    await queue()
    const running = await claim()
    const piece = { offset: 0, text: 'once' }
    await addText(chat.fork(), running, piece)
    await addText(chat.fork(), running, piece)
    await addText(chat.fork(), running, { offset: 4, text: ', and on' })

    expect(await storedText(running)).toBe('once, and on')
    await expect(addText(chat.fork(), running, piece)).rejects.toThrow(LeaseLostError)
  })

  it('is not given a fourth time after three workers were lost; what the third wrote is kept', async () => {
    await queue()
    await claim(DEAD_MS)
    await claim(DEAD_MS)
    expect(await finishAbandoned(chat.fork(), LOST, FREE)).toBeNull()
    const third = await claim()
    await append(third, 'as far as it came', DEAD_MS)

    expect(await claimReply(chat.fork())).toBeNull()
    expect(await finishAbandoned(chat.fork(), LOST, FREE)).toMatchObject({
      ...{ id: third.id, attempt: 3 },
      ended: { events: [{ kind: 'ReplyFinished', messageId: third.messageId, seq: 4 }] },
    })
    expect(await bodyOf(third)).toBe('as far as it came')
    expect(await finishAbandoned(chat.fork(), LOST, FREE)).toBeNull()
  })

  it('whose last worker was lost ends in one conversation while another one is locked', async () => {
    await queue()
    await queue()
    const taken: Claim[] = []
    while (taken.length < 6) taken.push(await claim(DEAD_MS))
    const [locked, free] = [taken[0], taken[5]]
    await chat.fork().transactional(async (em) => {
      await em.execute('SELECT FROM chat.conversation WHERE id = ? FOR NO KEY UPDATE', [locked?.conversationId])
      expect(await finishAbandoned(chat.fork(), LOST, FREE)).toMatchObject({ id: free?.id })
      expect(await finishAbandoned(chat.fork(), LOST, FREE)).toBeNull()
    })
    expect(await finishAbandoned(chat.fork(), LOST, FREE)).toMatchObject({ id: locked?.id })
  })

  it('may be handed over as often as processes are restarted', async () => {
    await queue()
    for (let attempt = 1; attempt <= 10; attempt += 1) {
      const running = await claim()
      expect(running.attempt).toBe(attempt)
      await handOver(chat.fork(), running)
    }
    expect(await finishAbandoned(chat.fork(), LOST, FREE)).toBeNull()
  })
})
