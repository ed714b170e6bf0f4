import { describe, expect, it } from 'vitest'
import { newUuid } from '../../../../platform/ids.ts'
import { BESIDE } from '../../event-log/doorbell.ts'
import type { LoggedEvent } from '../../event-log/event-log.ts'
import { GrownTexts, ringOfGrown } from './grown-text.ts'
import type { ReplyPiece } from './reply-text.ts'

const conversationId = newUuid()
const messageId = newUuid()
const generationId = newUuid()

let time = 0
const textsThatHeard = (...payloads: unknown[]) => {
  const texts = new GrownTexts(() => time)
  for (const payload of payloads) texts.hear(payload)
  return texts
}
const grown = (offset: number, text: string, attempt = 1) => ({
  grown: { messageId, generationId, attempt, offset, text },
})
const piece = (status: ReplyPiece['status'], attempt: number): ReplyPiece => ({
  ...{ messageId, generationId, position: 0, status, attempt, offset: 0, text: '' },
})
const beyond = (texts: GrownTexts, offset: number, attempt = 1) =>
  texts.beyond({ conversationId, messageId, attempt, offset })

describe('what a growing reply’s rings carry', () => {
  it('spares whoever has all of it but the newest from reading', () => {
    const texts = textsThatHeard(grown(5, 'upon '), grown(10, 'a time'))
    expect(beyond(texts, 5)).toMatchObject({ messageId, generationId, attempt: 1, offset: 5, text: 'upon a time' })
    expect(beyond(texts, 12)).toMatchObject({ offset: 12, text: 'time', status: 'RUNNING' })
  })

  it('is not enough for who has less, all of it, or another attempt’s text', () => {
    const texts = textsThatHeard(grown(5, 'upon ', 2))
    for (const [offset, attempt] of [
      [4, 2],
      [10, 2],
      [5, 1],
      [0, 0],
    ] as const) {
      expect(beyond(texts, offset, attempt)).toBeUndefined()
    }
  })

  it('is not enough for who has nothing, though it begins at the beginning: they get all that there is', () => {
    expect(beyond(textsThatHeard(grown(0, 'Once')), 0, 0)).toBeUndefined()
  })

  it('is enough for who has nothing but knows when the reply began, if it begins at the beginning', () => {
    const nothing = { conversationId, messageId, attempt: 0, offset: 0 }
    expect(textsThatHeard(grown(0, 'Once', 2)).beyond(nothing, true)).toMatchObject({ attempt: 2, text: 'Once' })
    expect(textsThatHeard(grown(5, 'upon', 2)).beyond(nothing, true)).toBeUndefined()
  })

  it('says where the log stood when the newest of it was written; what is no such place is left out', () => {
    const at = (offset: number, text: string, log: unknown) => ({ grown: { ...grown(offset, text).grown, log } })
    const [earlier, later] = [3, 7].map((seq) => ({ epoch: newUuid(), seq }))
    expect(beyond(textsThatHeard(at(0, 'Once ', earlier), at(5, 'upon', later)), 0)?.log).toEqual(later)
    for (const log of [undefined, null, 7, {}, { ...later, seq: -1 }, { ...later, epoch: 'x' }]) {
      expect(beyond(textsThatHeard(at(0, 'Once ', earlier), at(5, 'upon', log)), 0)).toMatchObject({
        text: 'Once upon',
      })
      expect(beyond(textsThatHeard(at(0, 'Once ', earlier), at(5, 'upon', log)), 0)?.log).toBeUndefined()
    }
  })

  it('may come twice, late and with gaps without a wrong word', () => {
    const texts = textsThatHeard(grown(0, 'Once '), grown(5, 'upon '), grown(0, 'Once '), grown(5, 'upon '))
    expect(beyond(texts, 0)).toMatchObject({ text: 'Once upon ' })
    texts.hear(grown(14, 'me'))
    expect(beyond(texts, 10)).toBeUndefined()
    expect(beyond(texts, 14)).toMatchObject({ text: 'me' })
    texts.hear(grown(10, 'a ti'))
    expect(beyond(texts, 14)).toMatchObject({ text: 'me' })
  })

  it('is of the newest attempt only', () => {
    const texts = textsThatHeard(grown(0, 'Old.', 1), grown(0, 'New.', 2), grown(4, ' Older.', 1))
    expect(beyond(texts, 0, 2)).toMatchObject({ text: 'New.' })
    expect(beyond(texts, 4, 1)).toBeUndefined()
  })

  it('is forgotten when something happens to its message, and after a second', () => {
    const told = (kind: 'ReplyFinished' | 'MessageDeleted') => {
      const event: LoggedEvent = { kind, messageId, seq: 7 }
      return { epoch: newUuid(), events: [event] }
    }
    for (const kind of ['ReplyFinished', 'MessageDeleted'] as const) {
      expect(beyond(textsThatHeard(grown(0, 'Taken back.'), told(kind)), 0)).toBeUndefined()
    }
    const texts = textsThatHeard(grown(0, 'Taken back.'))
    time += 1_001
    expect(beyond(texts, 0)).toBeUndefined()
  })

  it('is as old as the newest word of it, whatever is repeated', () => {
    const texts = textsThatHeard(grown(0, 'Once ', 2), grown(5, 'upon ', 2))
    time += 600
    for (const repeated of [grown(0, 'Once ', 2), grown(5, 'upon ', 2), grown(0, 'Older', 1)]) texts.hear(repeated)
    expect(beyond(texts, 0, 2)).toMatchObject({ text: 'Once upon ' })
    time += 401
    expect(beyond(texts, 0, 2)).toBeUndefined()
    texts.hear(grown(10, 'a time', 2))
    expect(beyond(texts, 10, 2)).toMatchObject({ text: 'a time' })
  })

  it('is not heard again once the reply is known to have ended, until a later reading finds it growing', () => {
    const told = { epoch: newUuid(), events: [{ kind: 'ReplyFinished', messageId, seq: 7 }] }
    const texts = textsThatHeard(grown(0, 'Taken back.'))
    const early = texts.reading()
    texts.hear(told)
    const repeat = (attempt = 1) => texts.hear(grown(0, 'Taken back.', attempt))
    repeat()
    repeat(2)
    early(piece('RUNNING', 1))
    repeat()
    expect([beyond(texts, 0), beyond(texts, 0, 0), beyond(texts, 0, 2)]).toEqual([undefined, undefined, undefined])

    time += 1
    texts.reading()(piece('RUNNING', 2))
    repeat()
    expect(beyond(texts, 0, 0)).toBeUndefined()
    texts.hear(grown(0, 'Another.', 2))
    expect(beyond(texts, 0, 2)).toMatchObject({ attempt: 2, text: 'Another.' })
  })

  it('is forgotten when a reading finds that the reply has ended, or that a later attempt writes it', () => {
    for (const status of ['COMPLETED', 'FAILED', 'CANCELLED'] as const) {
      const texts = textsThatHeard(grown(0, 'Taken back.'))
      texts.reading()(piece(status, 2))
      for (const repeated of [grown(0, 'Taken back.'), grown(0, 'Taken back.', 3)]) texts.hear(repeated)
      expect(beyond(texts, 0, 0)).toBeUndefined()
    }
    for (const [status, attempt] of [
      ['RUNNING', 2],
      ['QUEUED', 1],
    ] as const) {
      const texts = textsThatHeard(grown(0, 'Older.'))
      texts.reading()(piece(status, attempt))
      texts.hear(grown(0, 'Older.'))
      expect(beyond(texts, 0, 0)).toBeUndefined()
      texts.hear(grown(0, 'New.', 2))
      expect(beyond(texts, 0, 2)).toMatchObject({ text: 'New.' })
    }
  })

  it('stays when a reading finds that just this attempt writes it', () => {
    const texts = textsThatHeard(grown(0, 'Once '))
    texts.reading()(piece('RUNNING', 1))
    texts.hear(grown(5, 'upon'))
    expect(beyond(texts, 0)).toMatchObject({ text: 'Once upon' })
  })

  it('is never more than the end of a long text, and left out of a ring that would be too large', () => {
    const texts = textsThatHeard(...Array.from({ length: 20 }, (_, index) => grown(index * 1_000, 'x'.repeat(1_000))))
    expect(beyond(texts, 11_000)).toBeUndefined()
    expect(beyond(texts, 12_000)?.text).toHaveLength(8_000)
    expect(ringOfGrown({ ...grown(0, 'x'.repeat(4_000)).grown })).toEqual(grown(0, 'x'.repeat(4_000)))
    expect(ringOfGrown({ ...grown(0, 'x'.repeat(4_001)).grown })).toBe(BESIDE)
  })

  it('is nothing unless it is whole and well formed', () => {
    const { grown: whole } = grown(0, 'Once')
    const malformed = [
      null,
      'beside',
      { grown: null },
      { grown: 'text' },
      ...Object.keys(whole).map((key) => ({ grown: { ...whole, [key]: undefined } })),
      ...[-1, 0.5, '0', Number.NaN].map((offset) => ({ grown: { ...whole, offset } })),
      { grown: { ...whole, attempt: 0 } },
      { grown: { ...whole, text: '' } },
      { grown: { ...whole, text: 'x'.repeat(4_001) } },
    ]
    for (const payload of malformed)
      expect(beyond(textsThatHeard(payload), 0, 0), JSON.stringify(payload)).toBeUndefined()
  })
})
