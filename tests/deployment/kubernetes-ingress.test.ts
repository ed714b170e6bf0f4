import { beforeEach, describe, expect, it } from 'vitest'
import { GRAPHQL_PATH } from '../../gateway/http/graphql-path.ts'
import { CLIENT_PATIENCE } from '../../gateway/sessions/client-patience.ts'
import { OVERLAYS, ofKind, render, requireKubectl } from './manifests.ts'

beforeEach(requireKubectl)

describe.each(OVERLAYS)('the Ingress of %s', (overlay) => {
  it('shows the public the graph over TLS, and nothing else', async () => {
    const manifests = await render(overlay)
    const ingresses = ofKind(manifests, 'Ingress')
    expect(ingresses).toHaveLength(1)
    for (const { spec } of ingresses) {
      const backend = { service: { name: 'gateway', port: { name: 'http' } } }
      expect(spec.rules.flatMap(({ http }) => http.paths)).toEqual([{ path: GRAPHQL_PATH, pathType: 'Exact', backend }])
      expect(spec.tls).toEqual([{ hosts: spec.rules.map(({ host }) => host), secretName: 'parley-tls' }])
    }
  })

  it('has a proxy in front that is as patient as the gateway, and takes bodies as large', async () => {
    const manifests = await render(overlay)
    const annotations = ofKind(manifests, 'Ingress')[0]?.metadata.annotations ?? {}
    const said = (name: string) =>
      Object.entries(annotations)
        .filter(([key]) => key.endsWith(name))
        .map(([, value]) => value)
    const gateway = ofKind(manifests, 'ConfigMap').find(({ metadata }) => metadata.name.startsWith('gateway-'))
    expect([...said('/proxy-body-size'), ...said('/client-max-body-size')]).toEqual([
      gateway?.data.LIMIT_BODY_BYTES,
      gateway?.data.LIMIT_BODY_BYTES,
    ])
    const timeouts = [...said('/proxy-read-timeout'), ...said('/proxy-send-timeout')].map(Number.parseFloat)
    expect(timeouts).toHaveLength(4)
    for (const seconds of timeouts) expect(seconds * 1_000).toBeGreaterThan(3 * CLIENT_PATIENCE.pingIntervalMs)
    expect(said('/proxy-buffering').toSorted()).toEqual(['false', 'off'])
  })
})
