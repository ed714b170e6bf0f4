import { setTimeout as delay } from 'node:timers/promises'
import { context, SpanKind, trace } from '@opentelemetry/api'
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  SamplingDecision,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { traceparentNow, withTraceparent } from './propagation.ts'
import { isSampled } from './sampling.ts'
import { beginTrace, inSpan, outsideTraces, setTracing, spanNow, startSpan } from './spans.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const RECORDED = `00-${TRACE}-b7ad6b7169203331-01`
const UNRECORDED = `00-${TRACE}-b7ad6b7169203331-00`

const exporter = new InMemorySpanExporter()
let chance = 0
beforeEach(() => {
  chance = 0
  const provider = new NodeTracerProvider({
    sampler: {
      shouldSample: (parent) => {
        const isRecorded = isSampled(parent, 0.5, () => chance)
        return { decision: isRecorded ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.NOT_RECORD }
      },
    },
    spanProcessors: [new SimpleSpanProcessor(exporter)],
  })
  provider.register({ propagator: null })
  setTracing(true)
})
afterEach(() => {
  setTracing(false)
  trace.disable()
  context.disable()
  exporter.reset()
})

const named = (name: string) => () => ({ part: 'chat', name }) as const
const told = () => exporter.getFinishedSpans().map(({ name, status }) => (status.code === 2 ? `${name} failed` : name))

describe('a trace', () => {
  it('begins here under the id that its client gives, and everything within it is part of it', async () => {
    await beginTrace(UNRECORDED, named('outer'), async () => {
      await delay(1)
      inSpan(named('inner'), () => expect(traceparentNow()).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`)))
    })
    const [inner, outer] = exporter.getFinishedSpans()
    expect(inner?.parentSpanContext?.spanId).toBe(outer?.spanContext().spanId)
    expect(outer?.parentSpanContext?.spanId).toBe('b7ad6b7169203331')
    expect(outer?.kind).toBe(SpanKind.SERVER)
  })

  it('is not recorded because its client says so, and forced by no choice of an id', () => {
    chance = 0.9
    for (const client of [RECORDED, `00-${'0'.repeat(31)}1-b7ad6b7169203331-01`, undefined]) {
      beginTrace(client, named('outer'), (span) => {
        expect([span, traceparentNow()]).toEqual([undefined, undefined])
        inSpan(named('inner'), () => undefined)
      })
    }
    expect(told()).toEqual([])
  })

  it('goes on where it was recorded, and only there', () => {
    chance = 0.9
    withTraceparent(RECORDED, () => inSpan(named('recorded'), () => undefined))
    chance = 0
    withTraceparent(UNRECORDED, () => inSpan(named('unrecorded'), () => undefined))
    inSpan(named('of none'), () => undefined)
    expect(told()).toEqual(['recorded'])
  })

  it('has nothing of work that was asked for by nobody in it, or by another', () => {
    beginTrace(undefined, named('outer'), () => {
      withTraceparent(undefined, () => inSpan(named('of none'), () => undefined))
      outsideTraces(() => inSpan(named('shared'), () => undefined))
    })
    expect(told()).toEqual(['outer'])
  })
})

describe('a span', () => {
  it('that has ended has no children, although what it has begun goes on in its context', async () => {
    const later = Promise.withResolvers<void>()
    const goingOn = beginTrace(undefined, named('request'), () => ({
      after: later.promise.then(() => {
        inSpan(named('late'), () => undefined)
        return [spanNow(), startSpan(named('late')), traceparentNow()]
      }),
    }))
    later.resolve()
    expect(await goingOn.after).toEqual([undefined, undefined, undefined])
    expect(told()).toEqual(['request'])
  })

  it('tells the code or the class of what was thrown, and never its message', async () => {
    const failing = Object.assign(new Error('my password'), { code: 'NOT_FOUND' })
    expect(() =>
      beginTrace(undefined, named('sync'), () => {
        throw failing
      }),
    ).toThrow(failing)
    await expect(
      beginTrace(undefined, named('async'), () => Promise.reject(new TypeError('my token'))),
    ).rejects.toThrow()
    await expect(beginTrace(undefined, named('odd'), () => Promise.reject('my secret'))).rejects.toBe('my secret')
    expect(told()).toEqual(['sync failed', 'async failed', 'odd failed'])
    const spans = exporter.getFinishedSpans()
    expect(spans.map(({ attributes }) => attributes['error.type'])).toEqual(['NOT_FOUND', 'TypeError', '_OTHER'])
    expect(spans.flatMap(({ events, status }) => [...events, status.message])).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })

  it('is not even described while nobody records', () => {
    setTracing(false)
    const describe = () => {
      throw new Error('It was described.')
    }
    expect(beginTrace(RECORDED, describe, () => inSpan(describe, () => 'done'))).toBe('done')
    expect(withTraceparent(RECORDED, () => startSpan(describe))).toBeUndefined()
  })
})
