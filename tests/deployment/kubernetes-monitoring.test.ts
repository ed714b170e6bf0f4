import { readFile } from 'node:fs/promises'
import { beforeEach, describe, expect, it } from 'vitest'
import { readGatewayConfig } from '../../gateway/config.ts'
import { createHttpServer } from '../../platform/http-server.ts'
import { createLogger } from '../../platform/logging.ts'
import { createMetrics } from '../../platform/metrics.ts'
import type { Manifest, Selector } from './manifest.ts'
import { ofKind, ROLES, render, requireKubectl, selectedBy } from './manifests.ts'

const PROMETHEUS_RULE = `# A copy of observability/prometheus/alerts.yml, because kustomize cannot put a file into a field. A test compares the two.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: parley
spec:
`

interface PodMonitor extends Manifest {
  readonly spec: {
    readonly jobLabel: string
    readonly selector: Selector
    readonly podMetricsEndpoints: readonly { readonly port: string; readonly path: string }[]
  }
}

beforeEach(requireKubectl)

describe('the component for the Prometheus Operator', () => {
  it('scrapes each role, under the name that alerts and dashboards know it by', async () => {
    const manifests = await render('overlays/production', ['prometheus-operator'])
    const [monitor] = manifests.filter(({ kind }) => kind === 'PodMonitor') as PodMonitor[]
    const scraped = selectedBy(manifests, monitor?.spec.selector ?? {})
    const label = monitor?.spec.jobLabel ?? ''
    expect(scraped.map(({ spec }) => spec.template.metadata.labels[label])).toEqual(ROLES)
    const [endpoint, ...others] = monitor?.spec.podMetricsEndpoints ?? []
    expect(others).toEqual([])
    expect(scraped.every(({ spec }) => spec.template.spec.containers[0].ports?.[0]?.name === endpoint?.port)).toBe(true)
    const logger = createLogger({ name: 'scraped', level: 'silent', format: 'json' })
    const server = createHttpServer({ logger, ready: () => {}, metrics: createMetrics() })
    expect((await server.inject(endpoint?.path ?? '/nowhere')).statusCode).toBe(200)
    await server.close()
  })

  it('watches the same alerts as Prometheus elsewhere; `npm test -- tests/deployment/kubernetes-monitoring.test.ts -u` copies them', async () => {
    const alerts = await readFile('observability/prometheus/alerts.yml', 'utf8')
    const copy = alerts.trimEnd().replaceAll(/^(?=.)/gm, '  ')
    await expect(`${PROMETHEUS_RULE}${copy}\n`).toMatchFileSnapshot(
      '../../k8s/components/prometheus-operator/prometheus-rule.yaml',
    )
  })
})

describe('the component for scaling by sockets', () => {
  it('adds a gateway before the sockets of one are used up, and leaves the CPU in charge too', async () => {
    const manifests = await render('overlays/production', ['socket-autoscaling'])
    const [, , gateway] = ofKind(manifests, 'HorizontalPodAutoscaler')
    expect(gateway?.metadata.name).toBe('gateway')
    expect(gateway?.spec.metrics.map(({ type }) => type)).toEqual(['Resource', 'Pods'])
    const perGateway = Number(gateway?.spec.metrics[1]?.pods?.target.averageValue)
    expect(perGateway).toBeLessThanOrEqual(readGatewayConfig({}).limits.sockets / 2)
    expect(gateway?.spec.metrics[1]?.pods?.metric.name).toBe('parley_gateway_sockets')
  })
})
