import { describe, expect, it } from 'vitest'
import { LruCache } from './lru-cache.ts'

describe('a cache of limited weight', () => {
  it('forgets what was used longest ago when it gets too heavy', () => {
    const cache = new LruCache<string>(100)
    for (let number = 0; number < 10; number += 1) cache.set(`key ${number}`, 'value', 10)
    expect(cache.get('key 0')).toBe('value')
    cache.set('one more', 'value', 10)
    expect(cache.get('key 1')).toBeUndefined()
    expect(cache.get('key 0')).toBe('value')
    expect(cache.get('one more')).toBe('value')
  })

  it('weighs a key that is set again once', () => {
    const cache = new LruCache<number>(100)
    cache.set('steady', 0, 10)
    for (let number = 0; number < 50; number += 1) cache.set('key', number, 10)
    expect(cache.get('steady')).toBe(0)
    expect(cache.get('key')).toBe(49)
  })

  it('has room again for what was deleted', () => {
    const cache = new LruCache<string>(100)
    for (let number = 0; number < 10; number += 1) cache.set(`key ${number}`, 'value', 10)
    cache.delete('key 5')
    cache.delete('no such key')
    cache.set('one more', 'value', 10)
    expect(cache.get('key 5')).toBeUndefined()
    expect(cache.get('key 0')).toBe('value')
  })

  it('does not keep what weighs more than a tenth of it', () => {
    const cache = new LruCache<string>(100)
    cache.set('heavy', 'value', 11)
    expect(cache.get('heavy')).toBeUndefined()
  })
})
