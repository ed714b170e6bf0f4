import { parse } from 'graphql'
import { describe, expect, it } from 'vitest'
import { DocumentCache } from './document-cache.ts'

const document = parse('{ a }')

/** A document of 10,000 characters. */
const known = (name: string) => ({ hash: name, source: 'x'.repeat(10_000), document })

describe('the documents that are kept', () => {
  it('are found by their hash', () => {
    const cache = new DocumentCache()
    cache.add(known('a'))
    expect(cache.use('a')).toEqual(known('a'))
    expect(cache.use('b')).toBeUndefined()
  })

  it('stay through a flood of others when they were asked for twice', () => {
    const cache = new DocumentCache()
    for (const name of ['hot', 'warm']) cache.add(known(name))
    cache.use('hot')
    for (let number = 0; number < 1_000; number += 1) cache.add(known(`flood ${number}`))
    expect(cache.use('hot')).toBeDefined()
    expect(cache.use('warm')).toBeUndefined()
  })

  it('are bounded, however often they are asked for', () => {
    const cache = new DocumentCache()
    for (let number = 0; number < 100; number += 1) {
      cache.add(known(`${number}`))
      cache.use(`${number}`)
    }
    const left = Array.from({ length: 100 }, (_, number) => cache.use(`${number}`)).filter((it) => it !== undefined)
    expect(left).toHaveLength(25)
  })
})
