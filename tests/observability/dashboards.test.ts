import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { assistant } from '../../observability/dashboards/assistant.ts'
import { dashboardJson } from '../../observability/dashboards/dashboard.ts'
import { overview } from '../../observability/dashboards/overview.ts'
import { realtime } from '../../observability/dashboards/realtime.ts'
import { readCompose, serviceOf } from '../support/compose-file.ts'
import { chartsOf, type GrafanaPanel, readDashboards, readYaml } from './grafana-files.ts'
import { readScrapeJobs } from './prometheus-server.ts'
import { selectorsOf } from './promql-names.ts'

const dashboards = readDashboards()

describe('the dashboards', () => {
  it('are what their sources say: else run npm run dashboards', () => {
    const written = [assistant, overview, realtime].map((source) => [`${source.name}.json`, dashboardJson(source)])
    expect(dashboards.map(({ file, text }) => [file, text])).toEqual(written)
  })

  it('have fixed uids and a tag that links them', () => {
    expect(dashboards.map(({ uid }) => uid)).toEqual(['parley-assistant', 'parley-overview', 'parley-realtime'])
    for (const { tags } of dashboards) expect(tags).toContain('parley')
  })
})

describe.each(dashboards.map((dashboard) => [dashboard.title, dashboard] as const))(
  'the dashboard %s',
  (_, dashboard) => {
    const charts = chartsOf(dashboard)

    it('has panels with titles of their own, descriptions, units, thresholds and queries', () => {
      expect(new Set(charts.map(({ title }) => title)).size).toBe(charts.length)
      for (const { title, description, datasource, fieldConfig, targets } of charts) {
        expect([title, description?.length ?? 0]).toEqual([title, expect.toSatisfy((length) => length > 20)])
        expect([title, datasource?.uid]).toEqual([title, '$' + '{datasource}'])
        expect([title, fieldConfig?.defaults.unit]).toEqual([title, expect.stringMatching(/^\w+$/)])
        expect([title, fieldConfig?.defaults.thresholds.steps.length]).toEqual([
          title,
          expect.toSatisfy((steps) => steps > 0),
        ])
        expect([title, targets.length]).toEqual([title, expect.toSatisfy((queries) => queries > 0)])
      }
    })

    it('places no panel over another, nor beyond the 24 columns', () => {
      const taken = new Set<string>()
      for (const { title, gridPos } of dashboard.panels) {
        for (const cell of cellsOf(gridPos)) {
          expect([title, taken.has(cell)]).toEqual([title, false])
          taken.add(cell)
        }
        expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24)
      }
      expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length)
    })

    it('asks only for the processes that its reader chose, by variables that there are', () => {
      const variables = new Set(dashboard.templating.list.map(({ name }) => name))
      for (const { title, targets } of charts) {
        for (const { expr } of targets) {
          const named = [...expr.matchAll(/\$(\w+)/g)].map(([, name = '']) => name)
          expect([title, named.filter((name) => !variables.has(name) && !name.startsWith('__'))]).toEqual([title, []])
          for (const { metric, matchers } of selectorsOf(expr).filter((selector) => selector.metric !== 'ALERTS')) {
            const chosen = matchers.flatMap(({ values }) => values)
            expect([title, metric, chosen]).toEqual([title, metric, expect.arrayContaining(['$job', '$instance'])])
          }
        }
      }
    })
  },
)

describe('what Compose gives Grafana, Prometheus and the collector', () => {
  const compose = readCompose()

  it('are data sources with the uids that the dashboards begin with, at services that there are', () => {
    const { datasources } = dataSources.parse(readYaml('grafana/provisioning/datasources/datasources.yml'))
    expect(datasources.map(({ uid, type }) => [uid, type])).toEqual([
      ['prometheus', 'prometheus'],
      ['jaeger', 'jaeger'],
    ])
    for (const { url } of datasources) expect(Object.keys(compose.services)).toContain(new URL(url).hostname)
    const { global } = prometheusFile.parse(readYaml('prometheus/prometheus.yml'))
    expect(datasources[0]?.jsonData?.timeInterval).toBe(global.scrape_interval)
  })

  it('are the dashboards, in the folder in which Grafana looks for them', () => {
    const { providers } = dashboardProviders.parse(readYaml('grafana/provisioning/dashboards/dashboards.yml'))
    const { volumes } = serviceOf(compose, 'grafana')
    expect(providers.map(({ options }) => `./observability/grafana/dashboards:${options.path}:ro`)).toEqual(
      volumes.filter((volume) => volume.startsWith('./observability/grafana/dashboards')),
    )
  })

  it('are targets of each role, at the port at which its own health is looked at', () => {
    const jobs = readScrapeJobs()
    expect(jobs.map(({ job }) => job)).toEqual(['gateway', 'auth', 'chat', 'worker'])
    for (const { job, hosts } of jobs) {
      expect(hosts).toEqual([expect.stringMatching(new RegExp(`^${job}:400[0-3]$`))])
      expect(Object.keys(compose.services)).toContain(job)
    }
  })

  it('are pipelines of the collector that name nothing it lacks, from where traces are sent to where they are kept', () => {
    const { service, ...parts } = collectorFile.parse(readYaml('otel-collector.yaml'))
    const { traces } = service.pipelines
    expect(Object.keys(parts.receivers)).toEqual(traces.receivers)
    expect(Object.keys(parts.processors)).toEqual(traces.processors)
    expect(Object.keys(parts.exporters)).toEqual(traces.exporters)
    expect(Object.keys(parts.extensions)).toEqual(service.extensions)
    expect(traces.processors[0]).toBe('memory_limiter')
    const sentTo = new URL(serviceOf(compose, 'gateway').environment.OTEL_EXPORTER_OTLP_ENDPOINT ?? '')
    expect(parts.receivers.otlp?.protocols.http.endpoint).toBe(`0.0.0.0:${sentTo.port}`)
    expect(parts.exporters['otlp/jaeger']?.endpoint).toBe('jaeger:4317')
  })
})

function cellsOf({ x, y, w, h }: GrafanaPanel['gridPos']): string[] {
  const rows = Array.from({ length: h }, (_, row) => y + row)
  return rows.flatMap((row) => Array.from({ length: w }, (_, column) => `${x + column},${row}`))
}

const dataSources = z.looseObject({
  datasources: z.array(
    z.looseObject({
      uid: z.string(),
      type: z.string(),
      url: z.string(),
      jsonData: z.looseObject({ timeInterval: z.string() }).optional(),
    }),
  ),
})
const dashboardProviders = z.looseObject({
  providers: z.array(z.looseObject({ options: z.object({ path: z.string() }) })),
})
const prometheusFile = z.looseObject({ global: z.looseObject({ scrape_interval: z.string() }) })
const collectorFile = z.looseObject({
  receivers: z.record(z.string(), z.object({ protocols: z.object({ http: z.object({ endpoint: z.string() }) }) })),
  processors: z.record(z.string(), z.unknown()),
  exporters: z.record(z.string(), z.looseObject({ endpoint: z.string() })),
  extensions: z.record(z.string(), z.unknown()),
  service: z.looseObject({
    extensions: z.array(z.string()),
    pipelines: z.object({
      traces: z.object({
        receivers: z.array(z.string()),
        processors: z.array(z.string()),
        exporters: z.array(z.string()),
      }),
    }),
  }),
})
