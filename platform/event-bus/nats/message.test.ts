import { createHmac, hkdfSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { LARGEST_PAYLOAD } from '../payload.ts'
import { NatsMessages, subjectOf } from './message.ts'

const SECRET = 'a secret that the services share'

describe('The subject of a topic', () => {
  test('is one that NATS takes, whatever the topic is, and of no two topics the same', () => {
    const topics = [
      'conversation/a',
      'conversation.a',
      'a*',
      'a>',
      'a b',
      '',
      '%',
      '/',
      '"',
      '\\',
      '\n',
      '\ud800',
      '\udbff',
      '👋',
    ]
    const subjects = topics.map(subjectOf)
    expect(new Set(subjects).size).toBe(topics.length)
    for (const subject of subjects) expect(subject).toMatch(/^parley(\.[\w%()!~'-]+)+$/)
  })
})

describe('What travels over NATS', () => {
  const subject = 'parley.conversation.a'
  const json = JSON.stringify({ grown: { text: 'Once upon a time' } })

  test('is read by every process with the secret, and cannot be read without', () => {
    const [here, there] = [new NatsMessages(SECRET), new NatsMessages(SECRET)]
    const written = [here.write(subject, json), here.write(subject, json), there.write(subject, json)]
    for (const data of written) {
      expect(Buffer.from(data).toString('latin1')).not.toMatch(/grown|text|Once|upon|time/)
      for (const reader of [here, there, new NatsMessages(SECRET)]) {
        expect(reader.read(subject, data)).toEqual({ payload: JSON.parse(json) })
      }
      for (const stranger of [new NatsMessages('another'), new NatsMessages(undefined)]) {
        expect(stranger.read(subject, data)).toBeUndefined()
      }
    }
  })

  test('is never encrypted twice with one key and nonce, and looks different each time', () => {
    const [here, there] = [new NatsMessages(SECRET), new NatsMessages(SECRET)]
    const written = [here, there].flatMap((messages) =>
      Array.from({ length: 1_000 }, () => Buffer.from(messages.write(subject, json))),
    )
    const beginnings = written.map((data) => data.subarray(0, 28).toString('hex'))
    expect(new Set(beginnings).size).toBe(2_000)
    expect(new Set(beginnings.map((beginning) => beginning.slice(0, 32))).size, 'one salt a process').toBe(2)
    expect(new Set(written.map((data) => data.subarray(28).toString('hex'))).size).toBe(2_000)
  })

  test('is dropped when it was said on another subject, or any byte of it is another, missing or too many', () => {
    const messages = new NatsMessages(SECRET)
    const data = messages.write(subject, json)
    expect(messages.read('parley.conversation.b', data)).toBeUndefined()
    for (const index of data.keys()) {
      const changed = Uint8Array.from(data)
      changed[index] = (changed[index] ?? 0) ^ 1
      expect(messages.read(subject, changed), `byte ${index}`).toBeUndefined()
      expect(messages.read(subject, data.subarray(0, index)), `${index} bytes`).toBeUndefined()
    }
    expect(messages.read(subject, Buffer.concat([data, Buffer.alloc(1)]))).toBeUndefined()
    expect(messages.read(subject, data)).toBeDefined()
  })

  test('is dropped when it was only signed, as in earlier versions, or is plain', () => {
    const key = new Uint8Array(hkdfSync('sha256', SECRET, '', 'parley event bus v1', 32))
    const mac = createHmac('sha256', key).update(`${subject}\n${json}`).digest('base64url')
    const messages = new NatsMessages(SECRET)
    for (const data of [`${mac}${json}`, json, '']) expect(messages.read(subject, Buffer.from(data))).toBeUndefined()
  })

  test('may be as large as a payload may be, and no larger', () => {
    for (const messages of [new NatsMessages(SECRET), new NatsMessages(undefined)]) {
      const [largest, larger] = [0, 1].map((more) => JSON.stringify('x'.repeat(LARGEST_PAYLOAD - 2 + more)))
      expect(messages.read(subject, Buffer.from(messages.write(subject, largest ?? '')))).toBeDefined()
      expect(messages.read(subject, Buffer.from(messages.write(subject, larger ?? '')))).toBeUndefined()
    }
  })

  test('carries the span that it was published in, beside a payload as large as any may be', () => {
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
    for (const messages of [new NatsMessages(SECRET), new NatsMessages(undefined)]) {
      const [largest = '', larger = ''] = [0, 1].map((more) => JSON.stringify('x'.repeat(LARGEST_PAYLOAD - 2 + more)))
      const read = (text: string) => messages.read(subject, Buffer.from(messages.write(subject, text, traceparent)))
      expect(read(json)).toEqual({ payload: JSON.parse(json), traceparent })
      expect(read(largest)).toEqual({ payload: JSON.parse(largest), traceparent })
      expect(read(larger)).toBeUndefined()
    }
  })

  test('is plain without a secret', () => {
    const messages = new NatsMessages(undefined)
    expect(Buffer.from(messages.write(subject, json)).toString()).toBe(json)
    expect(messages.read(subject, Buffer.from(json))).toEqual({ payload: JSON.parse(json) })
  })
})
