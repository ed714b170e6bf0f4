import { describe, expect, it } from 'vitest'
import { losingMessages } from './doorbell-loss.ts'

const SESSION = [
  'INFO {"server_id":"A"}\r\n',
  'PONG\r\n',
  'MSG conversation.1 1 5\r\nhe\r\no\r\n',
  'MSG conversation.2 2 reply.to 0\r\n\r\n',
  'HMSG conversation.3 3 12 17\r\nNATS/1.0\r\n\r\nhello\r\n',
  'PING\r\n',
]

/** What comes through when the session arrives in pieces of this size. */
function passed(isLost: () => boolean, size: number): string {
  const filter = losingMessages(isLost)
  const bytes = Buffer.from(SESSION.join(''))
  const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    filter(bytes.subarray(index * size, (index + 1) * size)),
  )
  return Buffer.concat(pieces).toString()
}

describe('the loss of messages on a NATS link', () => {
  it('passes everything on unchanged while nothing is lost, however it is cut into pieces', () => {
    for (const size of [1, 2, 3, 7, 1000]) expect(passed(() => false, size)).toBe(SESSION.join(''))
  })

  it('takes out whole messages and nothing else', () => {
    for (const size of [1, 5, 1000]) expect(passed(() => true, size)).toBe('INFO {"server_id":"A"}\r\nPONG\r\nPING\r\n')
  })

  it('asks once for each message', () => {
    const answers = [false, true, false]
    expect(passed(() => answers.shift() ?? false, 4)).toBe(SESSION.filter((_, index) => index !== 3).join(''))
    expect(answers).toEqual([])
  })
})
