import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ChatFixture, openChatFixture } from '../../testing/chat-fixture.ts'
import { readReplyText } from '../text/reply-text.ts'
import { ChunkFlusher, LEASE_TIMES, type LeaseTimes } from './chunk-flusher.ts'
import { type Claim, LeaseLostError } from './generation-lease.ts'
import { ReplyWriter } from './reply-writer.ts'
import { claimReply } from './testing/claims.ts'

describe('a reply’s writer', () => {
  let chat: ChatFixture
  const flushers: ChunkFlusher[] = []
  beforeAll(async () => {
    chat = await openChatFixture()
  })
  afterAll(async () => {
    for (const flusher of flushers) await flusher[Symbol.asyncDispose]()
    await chat[Symbol.asyncDispose]()
  })

  function flusherWith(times: LeaseTimes = LEASE_TIMES): ChunkFlusher {
    const flusher = new ChunkFlusher({ fork: () => chat.fork(), times })
    flushers.push(flusher)
    return flusher
  }

  /** A writer, and what resolves the next time the writer says that it has written. */
  async function write(flusher = flusherWith()) {
    await chat.say(await chat.converse(), 'Tell me.')
    const claim = await claimReply(chat.fork())
    if (!claim) throw new Error('There is no reply to write.')
    const told: number[] = []
    let wake = () => {}
    const onWritten = () => {
      told.push(writer.length)
      wake()
    }
    const writer: ReplyWriter = new ReplyWriter({ flusher, claim, length: 0, onWritten })
    const written = () =>
      new Promise<void>((resolve) => {
        wake = resolve
      })
    return { claim, writer, written, told }
  }

  async function textOf({ conversationId, messageId }: Claim): Promise<string | undefined> {
    const [piece] = await readReplyText(chat.fork(), [{ conversationId, messageId, attempt: 0, offset: 0 }])
    return piece?.text
  }

  const leaseOf = async ({ id }: Claim) => {
    const [row] = await chat
      .fork()
      .execute<{ until: string }[]>('SELECT lease_until::text AS until FROM chat.generation WHERE id = ?', [id])
    return row?.until ?? ''
  }
  const lost = (writer: ReplyWriter) => new Promise((resolve) => writer.signal.addEventListener('abort', resolve))

  it('writes the first piece at once and says so only when everybody can read it', async () => {
    const { claim, writer, written } = await write()
    const first = written()
    await writer.write('Once')
    await first

    expect(await textOf(claim)).toBe('Once')
    await writer.close()
  })

  it('goes on where the text of an earlier attempt ends', async () => {
    const flusher = flusherWith()
    const { claim, writer } = await write(flusher)
    await writer.write('Once upon')
    await writer.close()
    const next = new ReplyWriter({ flusher, claim, length: writer.length, onWritten: () => undefined })
    await next.write(' a time')
    await next.close()

    expect(await textOf(claim)).toBe('Once upon a time')
    expect(next.length).toBe(16)
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

  it('never shows a part of a character whose pieces come one after the other', async () => {
    const { claim, writer, written } = await write()
    const first = written()
    await writer.write('Hi 👩')
    await first
    expect(await textOf(claim)).toBe('Hi ')
    const second = written()
    await writer.write('\u200d')
    await writer.write('💻 ')
    await second

    expect(await textOf(claim)).toBe('Hi 👩‍💻 ')
    await writer.close()
  })

  it('holds back a last character only for a moment', async () => {
    const { claim, writer, written } = await write()
    const next = written()
    await writer.write('👋')
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

  it('has written all it was given when it was flushed, and goes on after that', async () => {
    const { claim, writer } = await write()
    for (const piece of ['Let', ' me', ' look 👩\u200d']) await writer.write(piece)
    await writer.flush()
    expect(await textOf(claim)).toBe('Let me look 👩\u200d')
    expect(writer.length).toBe(15)

    await writer.write('it up.')
    await writer.close()
    expect(await textOf(claim)).toBe('Let me look 👩\u200dit up.')
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
    await chat.fork().execute('UPDATE chat.generation SET attempt = attempt + 1 WHERE id = ?', [claim.id])
    const aborted = lost(writer)
    await writer.write('too late')
    await aborted

    expect(writer.signal.reason).toBeInstanceOf(LeaseLostError)
    await expect(writer.write('later still')).rejects.toThrow(LeaseLostError)
    await expect(writer.flush()).rejects.toThrow(LeaseLostError)
    await expect(writer.close()).rejects.toThrow(LeaseLostError)
    expect(await textOf(claim)).toBe('')
  })

  it('stops at once when this very process has taken the reply over from it', async () => {
    const flusher = flusherWith()
    const { claim, writer } = await write(flusher)
    const [{ attempt } = { attempt: 0 }] = await chat
      .fork()
      .execute<{ attempt: number }[]>(
        'UPDATE chat.generation SET attempt = attempt + 1 WHERE id = ? RETURNING attempt',
        [claim.id],
      )
    const successor = new ReplyWriter({ flusher, claim: { ...claim, attempt }, length: 0, onWritten: () => undefined })
    expect(writer.signal.reason).toBeInstanceOf(LeaseLostError)

    await expect(writer.close()).rejects.toThrow(LeaseLostError)
    await successor.write('mine')
    await successor.close()
    expect(await textOf(claim)).toBe('mine')
  })

  it.each(['CANCELLED', 'FAILED'])(
    'stops within a heartbeat when the reply is %s and the model silent',
    async (status) => {
      const { claim, writer } = await write(flusherWith({ leaseMs: 60_000, heartbeatMs: 20, giveUpMs: 10_000 }))
      const aborted = lost(writer)
      await chat
        .fork()
        .execute('UPDATE chat.generation SET status = ?, lease_until = NULL WHERE id = ?', [status, claim.id])
      await aborted

      expect(writer.signal.reason).toBeInstanceOf(LeaseLostError)
      await expect(writer.close()).rejects.toThrow(LeaseLostError)
    },
  )

  it('keeps the lease while the model says nothing, until it is closed', async () => {
    const { claim, writer } = await write(flusherWith({ leaseMs: 400, heartbeatMs: 20, giveUpMs: 300 }))
    const given = await leaseOf(claim)

    await expect.poll(() => leaseOf(claim)).not.toBe(given)
    expect(writer.signal.aborted).toBe(false)
    await writer.close()
    await chat
      .fork()
      .execute('UPDATE chat.generation SET lease_until = NULL, is_parked = true WHERE id = ?', [claim.id])
    const { claim: another } = await write(flushers.at(-1))
    const theirs = await leaseOf(another)
    await expect.poll(() => leaseOf(another)).not.toBe(theirs)
    expect(await leaseOf(claim)).toBe('')
  })

  it('gives up by itself when it could not renew its lease in time', async () => {
    const { claim, writer } = await write(flusherWith({ leaseMs: 60_000, heartbeatMs: 20, giveUpMs: 100 }))
    await writer.write('')
    // Whoever locks the row holds every renewal up.
    await chat.fork().transactional(async (blocker) => {
      await blocker.execute('SELECT 1 FROM chat.generation WHERE id = ? FOR UPDATE', [claim.id])
      await lost(writer)
    })

    expect(writer.signal.reason).toBeInstanceOf(LeaseLostError)
    await expect(writer.close()).rejects.toThrow(LeaseLostError)
  })
})
