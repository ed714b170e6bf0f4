import { describe, expect, it } from 'vitest'
import { requestIdFrom } from './request-id.ts'

describe('a request id', () => {
  it.each(['a', 'A-z.0_9:x', 'x'.repeat(128)])('is the caller’s own when it is %j', (header) => {
    expect(requestIdFrom(header)).toBe(header)
  })

  it.each([undefined, null, 7, '', ' ', 'a b', 'a\nb', 'ä', '<b>', 'x'.repeat(129), ['a', 'b']])(
    'is a new one when the caller gives %j',
    (header) => {
      expect(requestIdFrom(header)).toMatch(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/)
      expect(requestIdFrom(header)).not.toBe(requestIdFrom(header))
    },
  )
})
