import type { EntityManager } from '@mikro-orm/postgresql'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type ChatFixture, openChatFixture } from '../../testing/chat-fixture.ts'
import { ChunkFlusher, LEASE_TIMES } from './chunk-flusher.ts'
import { LeaseLostError } from './generation-lease.ts'
import { ReplyWriter } from './reply-writer.ts'
import { claimReply } from './testing/claims.ts'

/** What befalls one statement, on its way there or back. */
type Fault = (send: () => Promise<unknown>) => Promise<unknown>

describe('what writes all replies of a process', () => {
  let chat: ChatFixture
  let faults: Fault[] = []
  let flusher: ChunkFlusher
  let statements = 0
  beforeAll(async () => {
    chat = await openChatFixture()
  })
  afterAll(() => chat[Symbol.asyncDispose]())
  afterEach(async () => {
    await flusher[Symbol.asyncDispose]()
    // Nobody may have any number of replies under way.
    await chat.fork().execute(`UPDATE chat.generation SET status = 'FAILED' WHERE status = 'RUNNING'`)
  })

  /** An entity manager whose statements meet the faults that are waiting, one each. */
  function faulty(): EntityManager {
    const em = chat.fork()
    const execute = (...statement: Parameters<EntityManager['execute']>) => {
      statements += 1
      const send = () => em.execute(...statement)
      return faults.shift()?.(send) ?? send()
    }
    return Object.create(em, { execute: { value: execute } })
  }

  async function writers(count: number, times = LEASE_TIMES) {
    faults = []
    flusher = new ChunkFlusher({ fork: faulty, times })
    const made: { writer: ReplyWriter; text: () => Promise<string> }[] = []
    while (made.length < count) {
      await chat.say(await chat.converse(), 'Tell me.')
      const claim = await claimReply(chat.fork())
      if (!claim) throw new Error('There is no reply to write.')
      const text = async () => {
        const [row] = await chat.fork().execute<{ text: string }[]>(
          `SELECT coalesce(string_agg(text, '' ORDER BY start_offset), '') AS text FROM chat.generation_chunk
           WHERE generation_id = ?`,
          [claim.id],
        )
        return row?.text ?? ''
      }
      made.push({ writer: new ReplyWriter({ flusher, claim, length: 0, onWritten: () => undefined }), text })
    }
    statements = 0
    return made
  }

  const lost: Fault = async () => {
    throw new Error('Connection terminated unexpectedly')
  }
  const lostAfterwards: Fault = async (send) => {
    await send()
    throw new Error('Connection terminated unexpectedly')
  }
  const badData: Fault = async () => {
    throw Object.assign(new Error('unsupported Unicode escape sequence'), { code: '22P05' })
  }

  it('takes few statements for many replies that grow at the same time', async () => {
    const many = await writers(12)
    for (let word = 0; word < 50; word += 1) {
      await Promise.all(many.map(({ writer }) => writer.write(`word ${word} `)))
    }
    await Promise.all(many.map(({ writer }) => writer.close()))

    const whole = Array.from({ length: 50 }, (_, word) => `word ${word} `).join('')
    expect(await Promise.all(many.map(({ text }) => text()))).toEqual(many.map(() => whole))
    // The first piece of the first, what the others gave meanwhile, and what is left; a slow machine adds some beats.
    expect(statements).toBeLessThan(20)
  })

  it('renews the leases of all that are silent in one statement', async () => {
    const many = await writers(5, { leaseMs: 60_000, heartbeatMs: 30, giveUpMs: 20_000 })
    const sent: number[] = []
    const count: Fault = async (send) => {
      const rows = await send()
      sent.push(Array.isArray(rows) ? rows.length : 0)
      return rows
    }
    faults = [count, count]
    await expect.poll(() => sent).toEqual([5, 5])
    await Promise.all(many.map(({ writer }) => writer.close()))
  })

  it('says nothing twice and leaves nothing out when connections break on the way there and back', async () => {
    const [one, another] = await writers(2)
    if (!one || !another) throw new Error('There are two.')
    faults = [lostAfterwards, lost, lostAfterwards]
    await Promise.all([one.writer.write('All '), another.writer.write('Every ')])
    await Promise.all([one.writer.write('of it'), another.writer.write('word')])
    await Promise.all([one.writer.close(), another.writer.close()])

    expect(faults).toEqual([])
    expect(await Promise.all([one.text(), another.text()])).toEqual(['All of it', 'Every word'])
  })

  it('gives up one reply, and none of the others, for a text that the database does not take', async () => {
    const [bad, good] = await writers(2)
    if (!bad || !good) throw new Error('There are two.')
    const gate = Promise.withResolvers<void>()
    const held: Fault = async (send) => {
      await gate.promise
      return send()
    }
    // While the first statement is held, both replies gather something for the second.
    faults = [held, badData, badData]
    await bad.writer.write('B')
    await Promise.all([bad.writer.write('ad'), good.writer.write('Good')])
    gate.resolve()
    // What ends waits for nothing more, so that both are in the second statement.
    const [, closing] = await Promise.allSettled([good.writer.close(), bad.writer.close()])

    expect(await good.text()).toBe('Good')
    expect(closing).toMatchObject({ reason: { message: 'unsupported Unicode escape sequence' } })
    expect(await bad.text()).toBe('B')
  })

  it('gives replies up when the database is away for longer than a lease is sure', async () => {
    const [only] = await writers(1, { leaseMs: 60_000, heartbeatMs: 20, giveUpMs: 60 })
    faults = Array.from({ length: 100 }, () => lost)
    await only?.writer.write('Nobody').catch(() => undefined)
    await expect(only?.writer.close()).rejects.toThrow(LeaseLostError)
    expect(await only?.text()).toBe('')
  })
})
