import { describe, expect, it } from 'vitest'
import { freePort } from '../../tests/support/parley-process.ts'
import { startTraceCollector } from '../../tests/support/trace-collector.ts'
import { registerSdk } from './sdk.ts'
import { beginTrace, inSpan, spanNow } from './spans.ts'
import { startTracing } from './start-tracing.ts'

const spanOf = (name: string) => () => ({ part: 'gateway', name }) as const

describe('tracing', () => {
  it('is off without a collector', async () => {
    await using _tracing = await startTracing('test', {})
    beginTrace(undefined, spanOf('nothing'), () => expect(spanNow()).toBeUndefined())
  })

  it('sends what was recorded when it ends, with what the process is', async () => {
    await using collector = await startTraceCollector()
    {
      await using _tracing = await startTracing('test', { OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/` })
      beginTrace(undefined, spanOf('outer'), () => inSpan(spanOf('inner'), () => undefined))
    }
    expect([...collector.paths]).toEqual(['/v1/traces'])
    expect(collector.spans).toMatchObject([
      { service: 'test', part: 'gateway', name: 'inner', parentId: collector.spans[1]?.spanId },
      { service: 'test', part: 'gateway', name: 'outer', parentId: undefined },
    ])
    expect(collector.text).toContain('"service.version"')
    beginTrace(undefined, spanOf('afterwards'), () => expect(spanNow()).toBeUndefined())
  })

  it('sends below the path of the collector, with what its URL asks for', async () => {
    await using collector = await startTraceCollector()
    {
      const endpoint = `${collector.url}/otlp/?tenant=a`
      await using _tracing = await startTracing('test', { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint })
      beginTrace(undefined, spanOf('one'), () => undefined)
    }
    expect([...collector.paths]).toEqual(['/otlp/v1/traces?tenant=a'])
  })

  it('ends within a second or so where the collector takes nothing, and says why', async () => {
    const failures: unknown[] = []
    const tracing = registerSdk({
      service: 'test',
      endpoint: `http://127.0.0.1:${await freePort()}`,
      ratio: 1,
      onFailure: (error) => failures.push(error),
    })
    for (let count = 0; count < 10_000; count += 1) beginTrace(undefined, spanOf('lost'), () => undefined)
    const since = performance.now()
    await tracing[Symbol.asyncDispose]()
    expect(performance.now() - since).toBeLessThan(3_000)
    await expect.poll(() => failures.length, { timeout: 15_000 }).toBeGreaterThan(0)
  })

  it('records as many of all traces as it is told to', async () => {
    await using _tracing = await startTracing('test', {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}`,
      OTEL_TRACES_SAMPLER_ARG: '0.1',
      LOG_LEVEL: 'silent',
    })
    const recorded = Array.from({ length: 2_000 }, () =>
      beginTrace(undefined, spanOf('one'), (span) => span !== undefined),
    )
    const count = recorded.filter(Boolean).length
    expect(count).toBeGreaterThan(120)
    expect(count).toBeLessThan(290)
  })
})
