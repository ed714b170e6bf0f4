import { describe, expect, it } from 'vitest'
import { readTraceparent, traceparentNow, writeTraceparent } from './propagation.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SPAN = 'b7ad6b7169203331'

describe('a traceparent', () => {
  it.each([
    ['01', 1],
    ['00', 0],
    // W3C Trace Context level 2: that the trace id is random says nothing to us.
    ['03', 1],
    ['02', 0],
  ])('with the flags %s is read, and written again with what we know of them', (flags, traceFlags) => {
    const read = readTraceparent(`00-${TRACE}-${SPAN}-${flags}`)
    expect(read).toEqual({ traceId: TRACE, spanId: SPAN, traceFlags, isRemote: true })
    expect(read && writeTraceparent(read)).toBe(`00-${TRACE}-${SPAN}-0${traceFlags}`)
  })

  it.each([
    ['that is missing', undefined],
    ['that is null', null],
    ['of another version', `01-${TRACE}-${SPAN}-01`],
    ['without a trace', `00-${'0'.repeat(32)}-${SPAN}-01`],
    ['without a span', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['in capitals', `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ['with more behind it', `00-${TRACE}-${SPAN}-01-more`],
    ['that is something else', 'hello'],
  ])('%s is none', (_, traceparent) => {
    expect(readTraceparent(traceparent)).toBeUndefined()
  })

  it('is told of nothing while nothing is recorded', () => {
    expect(traceparentNow()).toBeUndefined()
  })
})
