import { describe, expect, test } from 'vitest'
import { subjectOf } from './message.ts'

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
