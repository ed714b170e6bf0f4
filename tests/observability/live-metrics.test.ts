import { afterAll, describe, expect, it, type TestContext, vi } from 'vitest'
import { openAll } from '../../platform/resources.ts'
import { requireNats } from '../../platform/testing/nats-server.ts'
import { readAlerts } from './alert-rules.ts'
import { chartsOf, readDashboards } from './grafana-files.ts'
import { startObservedGraph } from './observed-graph.ts'
import { LOOKS_EVERY, Prometheus, requirePrometheus, type Sample } from './prometheus-server.ts'
import { groupingsOf, labelsOfLegend, type Selector, selectorsOf, withVariables } from './promql-names.ts'
import { makeTraffic } from './traffic.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 240_000 })

const SOON = { timeout: 60_000, interval: 200 }
const OUR_JOBS = 'job=~"gateway|auth|chat|worker"'

/** Values of labels that queries name, and that this traffic does not bring about. */
const DID_NOT_HAPPEN: Readonly<Record<string, string>> = {
  'code INTERNAL_SERVER_ERROR': 'nothing is broken',
  'code SUBGRAPH_UNAVAILABLE': 'both subgraphs answer',
  'result unavailable': 'both subgraphs answer',
  'result timeout': 'both subgraphs answer in time',
  'code QUOTA_EXCEEDED': 'nobody has a quota',
  'code MODERATION_REFUSED': 'nobody moderates',
  'result code_required': 'nobody has a second factor',
  'result refused': 'no provider withholds an answer',
  'result cancelled': 'nobody cancels a reply',
}

/** Panels that show nothing, or no number, where this traffic leaves nothing to show. */
const NOTHING_TO_SHOW: Readonly<Record<string, string>> = {}

let observing: Promise<Observation> | undefined

interface Observation extends AsyncDisposable {
  readonly prometheus: Prometheus
  /** What the expression is when all has happened. */
  query(expr: string): Promise<Sample[]>
}

/** Each test begins with this, so that each says that it did not run where there is no Prometheus. */
async function observed(context: TestContext): Promise<Observation> {
  requirePrometheus(context)
  requireNats(context)
  observing ??= observeTraffic()
  return observing
}

/** Twice, with looks between: a rate is of what changed from one look to another. */
function observeTraffic(): Promise<Observation> {
  return openAll(async (resources) => {
    const graph = resources.use(await startObservedGraph())
    const prometheus = resources.use(await Prometheus.start(graph.hosts))
    let seenAt = 0
    for (let round = 0; round < 2; round += 1) {
      resources.use(await makeTraffic(graph))
      seenAt = await untilSeen(prometheus, Object.keys(graph.hosts).length)
    }
    return { prometheus, query: (expr: string) => prometheus.query(expr, seenAt) }
  })
}

/**
 * Resolves when Prometheus has looked at every process after this moment, with when that was: asked of that time, it
 * forgets no process that it does not reach a moment later because the machine is busy.
 */
async function untilSeen(server: Prometheus, processes: number): Promise<number> {
  const begin = Date.now() / 1_000
  let looks: number[] = []
  const haveAllBeenSeen = async () => {
    // Only of a plain selector does `timestamp` tell when it was scraped; of anything else, when it was asked.
    const scraped = await server.query(`timestamp(up{${OUR_JOBS}}) and up{${OUR_JOBS}} == 1`)
    looks = scraped.map(({ value }) => value)
    const [first, last] = [Math.min(...looks), Math.max(...looks)]
    return looks.length === processes && first > begin && last - first < LOOKS_EVERY
  }
  await expect.poll(haveAllBeenSeen, SOON).toBe(true)
  return Math.max(...looks)
}

afterAll(async () => (await observing?.catch(() => undefined))?.[Symbol.asyncDispose]())

/** What asks Prometheus something, and where it stands. */
interface Asked {
  readonly place: string
  readonly expr: string
  readonly legend?: string
}

const panels: readonly Asked[] = readDashboards().flatMap((dashboard) =>
  chartsOf(dashboard).flatMap(({ title, targets }) =>
    targets.map(({ expr, legendFormat }) => ({
      place: `${dashboard.file}: ${title}`,
      expr: withVariables(expr),
      legend: legendFormat,
    })),
  ),
)
const alerts: readonly Asked[] = readAlerts().map(({ alert, expr }) => ({ place: alert, expr }))

/** All that is named, once each. */
const named = (asked: readonly Asked[]): Selector[] => asked.flatMap(({ expr }) => selectorsOf(expr))
const ours = ({ metric }: Selector) => metric !== 'ALERTS'

/** Which of these find no series. */
async function missing(server: Pick<Observation, 'query'>, selectors: Iterable<string>): Promise<string[]> {
  const found = await Promise.all([...new Set(selectors)].map(async (one) => [one, await server.query(one)] as const))
  return found.filter(([, samples]) => samples.length === 0).map(([one]) => one)
}

describe('after real traffic, a real Prometheus that scrapes the processes of each role', () => {
  it('finds every metric that a panel or an alert names', async (context) => {
    const server = await observed(context)
    expect(
      await missing(
        server,
        named([...panels, ...alerts])
          .filter(ours)
          .map(({ metric }) => metric),
      ),
    ).toEqual([])
  })

  it('finds on them every label that panels and alerts select or group by', async (context) => {
    const server = await observed(context)
    const selected = named([...panels, ...alerts])
      .filter(ours)
      .flatMap(({ metric, matchers }) => matchers.map(({ label }) => `${metric}{${label}!=""}`))
    const grouped = [...panels, ...alerts].flatMap(({ expr }) =>
      selectorsOf(expr).flatMap(({ metric }) =>
        groupingsOf(expr)
          .filter((label) => label !== 'le' || metric.endsWith('_bucket'))
          .map((label) => `${metric}{${label}!=""}`),
      ),
    )
    expect(await missing(server, [...selected, ...grouped])).toEqual([])
  })

  it('finds the values by which panels and alerts select, but for what did not happen', async (context) => {
    const server = await observed(context)
    const wanted = named([...panels, ...alerts])
      .filter(ours)
      .flatMap(({ metric, matchers }) =>
        matchers
          .filter(({ label }) => label !== 'instance')
          .flatMap(({ label, values }) => values.map((value) => ({ metric, label, value }))),
      )
      .filter(({ label, value }) => !(`${label} ${value}` in DID_NOT_HAPPEN))
      // A role that has no such metric is none of the query's business.
      .filter(({ metric, label }) => label !== 'job' || metric === 'up')
    const selectors = wanted.map(({ metric, label, value }) => `${metric}{${label}="${value}"}`)
    expect(await missing(server, selectors)).toEqual([])
  })

  it('answers every query of every panel with numbers, under the names that the legend promises', async (context) => {
    const server = await observed(context)
    const problems: string[] = []
    for (const { place, expr, legend = '' } of panels) {
      const samples = await server.query(expr)
      const unnamed = labelsOfLegend(legend).filter((label) => samples.some(({ labels }) => !labels[label]))
      if (unnamed.length > 0) problems.push(`${place}: no ${unnamed.join(', ')} in ${expr}`)
      const hasNumbers = samples.some(({ value }) => !Number.isNaN(value))
      if (!hasNumbers && !(place in NOTHING_TO_SHOW)) problems.push(`${place}: nothing from ${expr}`)
    }
    expect(problems).toEqual([])
  })

  it('answers what the dashboards ask for their variables and annotations', async (context) => {
    const server = await observed(context)
    for (const { templating, annotations } of readDashboards()) {
      for (const { definition = '' } of templating.list.filter(({ type }) => type === 'query')) {
        const [, series = '', label = ''] = /^label_values\((.*), (\w+)\)$/.exec(definition) ?? []
        expect([definition, await missing(server, [withVariables(`count by (${label}) (${series})`)])]).toEqual([
          definition,
          [],
        ])
      }
      for (const { expr } of annotations.list) expect(await server.query(expr)).toEqual(expect.any(Array))
    }
  })

  it('evaluates every alert without an error', async (context) => {
    const server = await observed(context)
    const evaluated = (await server.prometheus.rules()).map(({ name, health, lastError }) => [
      name,
      health,
      lastError ?? '',
    ])
    expect(evaluated.toSorted()).toEqual(alerts.map(({ place }) => [place, 'ok', '']).toSorted())
    for (const { expr } of alerts) expect(await server.query(expr)).toEqual(expect.any(Array))
  })
})
