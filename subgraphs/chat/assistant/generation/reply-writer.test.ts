import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ChatFixture, openChatFixture } from '../../testing/chat-fixture.ts'
import { readReplyText } from '../text/reply-text.ts'
import { type Claim, claimNext, LeaseLostError, renewLease } from './generation-lease.ts'
import { LEASE_TIMES, type LeaseTimes, ReplyWriter } from './reply-writer.ts'

describe('a reply’s writer', () => {
  let chat: ChatFixture
  beforeAll(async () => {
    chat = await openChatFixture()
  })
  afterAll(() => chat[Symbol.asyncDispose]())

  /** A writer, and what a reader finds each time the writer says that it has written. */
  async function write(times: LeaseTimes = LEASE_TIMES) {
    await chat.say(await chat.converse(), 'Tell me.')
    const claim = await claimNext(chat.fork(), times.leaseMs)
    if (!claim) throw new Error('There is no reply to write.')
    let wake = () => {}
    const written = () =>
      new Promise<void>((resolve) => {
        wake = resolve
      })
    const writer = new ReplyWriter({ fork: () => chat.fork(), claim, times, onWritten: () => wake() })
    return { claim, writer, written }
  }

  async function textOf({ conversationId, messageId }: Claim): Promise<string | undefined> {
    const [piece] = await readReplyText(chat.fork(), [{ conversationId, messageId, attempt: 0, offset: 0 }])
    return piece?.text
  }

  it('writes the first piece at once and says so only when everybody can read it', async () => {
    const { claim, writer, written } = await write()
    const first = written()
    await writer.write('Once')
    await first

    expect(await textOf(claim)).toBe('Once')
    await writer.close()
  })

  it('goes on writing while the model still speaks, also after half a surrogate pair', async () => {
    const { claim, writer, written } = await write()
    const [high, low] = ['\ud83d', '\udc4b']
    for (const [piece, expected] of [
      ['Hi', 'Hi'],
      [high, undefined],
      [low, 'Hi👋'],
      ['!', 'Hi👋!'],
    ] as const) {
      const next = expected && written()
      await writer.write(piece)
      await next
      if (expected) expect(await textOf(claim)).toBe(expected)
    }
    await writer.close()
  })

  it('begins with a pair whose first half comes alone', async () => {
    const { claim, writer, written } = await write()
    const next = written()
    await writer.write('\ud83d')
    await writer.write('\udc4b')
    await next

    expect(await textOf(claim)).toBe('👋')
    await writer.close()
  })

  it('replaces what Postgres cannot store by U+FFFD, one for one', async () => {
    const { claim, writer } = await write()
    for (const piece of ['a\0b', '\udc4b', 'c', '\ud83d']) await writer.write(piece)
    await writer.close()

    expect(await textOf(claim)).toBe('a\ufffdb\ufffdc\ufffd')
    expect(writer.length).toBe(6)
  })

  it('keeps the model waiting while more than 16,384 code units wait to be written', async () => {
    const { claim, writer } = await write()
    const large = 'x'.repeat(100_000)
    await writer.write(large)
    await writer.write(large)

    expect((await textOf(claim))?.length).toBe(200_000)
    await writer.close()
  })

  it('stops, and aborts its signal, when another worker has the reply', async () => {
    const { claim, writer } = await write()
    await renewLease(chat.fork(), claim, -1)
    await claimNext(chat.fork(), 60_000)
    const aborted = new Promise((resolve) => writer.signal.addEventListener('abort', resolve))
    await writer.write('too late')
    await aborted

    expect(writer.signal.reason).toBeInstanceOf(LeaseLostError)
    await expect(writer.write('later still')).rejects.toThrow(LeaseLostError)
    await expect(writer.close()).rejects.toThrow(LeaseLostError)
    expect(await textOf(claim)).toBe('')
  })

  it('keeps the lease while the model says nothing', async () => {
    const { claim, writer } = await write({ leaseMs: 400, heartbeatMs: 20, giveUpMs: 300 })
    const leaseOf = async () => {
      const [row] = await chat
        .fork()
        .execute<{ until: string }[]>('SELECT lease_until::text AS until FROM chat.generation WHERE id = ?', [claim.id])
      return row?.until ?? ''
    }
    const given = await leaseOf()

    await expect.poll(leaseOf).not.toBe(given)
    expect(writer.signal.aborted).toBe(false)
    await writer.close()
  })

  it('learns of a takeover by its heartbeat although the model says nothing', async () => {
    const { claim, writer } = await write({ leaseMs: 60_000, heartbeatMs: 20, giveUpMs: 10_000 })
    const aborted = new Promise((resolve) => writer.signal.addEventListener('abort', resolve))
    await chat.fork().execute('UPDATE chat.generation SET attempt = 2 WHERE id = ?', [claim.id])
    await aborted

    expect(writer.signal.reason).toBeInstanceOf(LeaseLostError)
    await expect(writer.close()).rejects.toThrow(LeaseLostError)
  })

  it('gives up by itself when it could not renew its lease in time', async () => {
    const { claim, writer } = await write({ leaseMs: 60_000, heartbeatMs: 20, giveUpMs: 100 })
    // Whoever locks the row holds every renewal up.
    await chat.fork().transactional(async (blocker) => {
      await blocker.execute('SELECT 1 FROM chat.generation WHERE id = ? FOR UPDATE', [claim.id])
      await new Promise((resolve) => writer.signal.addEventListener('abort', resolve))
    })

    expect(writer.signal.reason).toBeInstanceOf(LeaseLostError)
    await expect(writer.close()).rejects.toThrow(LeaseLostError)
  })
})
