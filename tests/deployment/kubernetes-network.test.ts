import { beforeEach, describe, expect, it } from 'vitest'
import { ofKind, render, requireKubectl } from './manifests.ts'
import { type End, Network, type NetworkPolicy } from './network-policies.ts'

/** A pod of ours, or one that somebody else has started beside them. */
const pod = (name: string, port: number, labels = {}, namespace = 'parley'): End => ({
  ...{ address: '10.244.1.7', namespace, ports: { http: port } },
  labels: { 'app.kubernetes.io/name': name, ...labels },
})
const elsewhere = (namespace: string, labels = {}): End => ({ address: '10.244.2.9', namespace, labels })
const outside = (address: string): End => ({ address })

const ENDS = {
  gateway: pod('gateway', 4000),
  auth: pod('auth', 4001),
  chat: pod('chat', 4002),
  worker: pod('worker', 4003),
  migrations: pod('migrate', 0),
  stranger: pod('stranger', 4001),
  neighbour: elsewhere('default', { 'app.kubernetes.io/name': 'gateway' }),
  ingress: elsewhere('ingress-nginx', { 'app.kubernetes.io/name': 'ingress-nginx' }),
  prometheus: elsewhere('monitoring', { 'app.kubernetes.io/name': 'prometheus' }),
  grafana: elsewhere('monitoring', { 'app.kubernetes.io/name': 'grafana' }),
  collector: elsewhere('monitoring', { 'app.kubernetes.io/name': 'opentelemetry-collector' }),
  stores: elsewhere('parley-data'),
  'stores of staging': elsewhere('parley-staging-data'),
  'model server': elsewhere('models'),
  'ACME solver': {
    ...elsewhere('parley', { 'acme.cert-manager.io/http01-solver': 'true', 'acme.cert-manager.io/http-domain': '1' }),
    ports: {},
  },
  dns: elsewhere('kube-system', { 'k8s-app': 'kube-dns' }),
  'DNS cache of the node': outside('169.254.20.10'),
  'API server': outside('10.96.0.1'),
  'metadata of the cloud': outside('169.254.169.254'),
  'model API': outside('203.0.113.10'),
  'model API over IPv6': outside('2001:db8::10'),
  'private host over IPv6': outside('fd00::10'),
  'mail server': outside('203.0.113.25'),
}

type Row = readonly [from: keyof typeof ENDS, to: keyof typeof ENDS, port: number]

const ALLOWED: readonly Row[] = [
  ['ingress', 'gateway', 4000],
  ['ingress', 'ACME solver', 8089],
  ['gateway', 'auth', 4001],
  ['gateway', 'chat', 4002],
  ['chat', 'auth', 4001],
  ['worker', 'auth', 4001],
  ['auth', 'stores', 5432],
  ['chat', 'stores', 5432],
  ['worker', 'stores', 5432],
  ['gateway', 'stores', 4222],
  ['auth', 'stores', 4222],
  ['chat', 'stores', 4222],
  ['worker', 'stores', 4222],
  ['gateway', 'stores', 6379],
  ['auth', 'stores', 6379],
  ['chat', 'model API', 443],
  ['worker', 'model API', 443],
  ['worker', 'model API over IPv6', 443],
  ['auth', 'mail server', 587],
  ['auth', 'mail server', 465],
  ['prometheus', 'gateway', 4000],
  ['prometheus', 'auth', 4001],
  ['prometheus', 'chat', 4002],
  ['prometheus', 'worker', 4003],
  ['gateway', 'collector', 4318],
  ['auth', 'collector', 4318],
  ['chat', 'collector', 4318],
  ['worker', 'collector', 4318],
  ['gateway', 'dns', 53],
  ['worker', 'dns', 53],
  ['stranger', 'dns', 53],
  ['gateway', 'DNS cache of the node', 53],
  ['worker', 'DNS cache of the node', 53],
]

const DENIED: readonly Row[] = [
  ['stranger', 'gateway', 4000],
  ['stranger', 'auth', 4001],
  ['stranger', 'chat', 4002],
  ['stranger', 'worker', 4003],
  ['stranger', 'stores', 5432],
  ['stranger', 'model API', 443],
  ['gateway', 'stranger', 4001],
  ['neighbour', 'stranger', 4001],
  ['neighbour', 'gateway', 4000],
  ['neighbour', 'auth', 4001],
  ['neighbour', 'chat', 4002],
  ['ingress', 'ACME solver', 4000],
  ['ingress', 'stranger', 8089],
  ['neighbour', 'ACME solver', 8089],
  ['gateway', 'ACME solver', 8089],
  ['ACME solver', 'auth', 4001],
  ['ACME solver', 'stores', 5432],
  ['worker', 'DNS cache of the node', 80],
  ['worker', 'DNS cache of the node', 9253],
  ['ingress', 'auth', 4001],
  ['ingress', 'chat', 4002],
  ['ingress', 'gateway', 9229],
  ['grafana', 'gateway', 4000],
  ['prometheus', 'auth', 5432],
  ['auth', 'chat', 4002],
  ['auth', 'gateway', 4000],
  ['chat', 'gateway', 4000],
  ['chat', 'worker', 4003],
  ['worker', 'chat', 4002],
  ['worker', 'gateway', 4000],
  ['gateway', 'worker', 4003],
  ['gateway', 'stores', 5432],
  ['chat', 'stores', 6379],
  ['worker', 'stores', 6379],
  ['worker', 'stores', 22],
  ['worker', 'stores of staging', 5432],
  ['gateway', 'model API', 443],
  ['auth', 'model API', 443],
  ['worker', 'model API', 80],
  ['worker', 'API server', 443],
  ['worker', 'metadata of the cloud', 80],
  ['worker', 'metadata of the cloud', 443],
  ['worker', 'private host over IPv6', 443],
  ['worker', 'neighbour', 443],
  ['worker', 'model server', 8000],
  ['auth', 'mail server', 25],
  ['worker', 'mail server', 587],
  ['gateway', 'collector', 4317],
]

beforeEach(requireKubectl)

describe('in production', () => {
  it.each(ALLOWED)('%s may reach %s at %d', async (...row) => expect(await isAllowed(...row)).toBe(true))

  it.each(DENIED)('%s may not reach %s at %d', async (...row) => expect(await isAllowed(...row)).toBe(false))

  it('a stranger whom somebody lets out of the namespace still comes in nowhere', async () => {
    const spec = { podSelector: { matchLabels: { 'app.kubernetes.io/name': 'stranger' } }, policyTypes: ['Egress'] }
    const out = { metadata: { name: 'out', namespace: 'parley' }, spec: { ...spec, egress: [{}] } }
    const policy = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', ...out }
    const network = new Network([...(await render('overlays/production')), policy])
    const { stranger, gateway, auth, chat, worker } = ENDS
    expect(network.allows(stranger, ENDS['model API'], 443)).toBe(true)
    const doors = [gateway, auth, chat, worker, ENDS.migrations].filter((end) =>
      [4000, 4001, 4002, 4003, 9229].some((port) => network.allows(stranger, end, port)),
    )
    expect(doors).toEqual([])
  })

  it('names are asked over both protocols, and nothing else is sent over UDP', async () => {
    const network = new Network(await render('overlays/production'))
    expect(network.allows(ENDS.chat, ENDS.dns, 53, 'UDP')).toBe(true)
    expect(network.allows(ENDS.chat, ENDS['DNS cache of the node'], 53, 'UDP')).toBe(true)
    expect(network.allows(ENDS.chat, ENDS.auth, 4001, 'UDP')).toBe(false)
    expect(network.allows(ENDS.worker, ENDS['model API'], 443, 'UDP')).toBe(false)
  })
})

describe('a migration', () => {
  it.each(['before the first release', 'beside a release'])('reaches Postgres and nothing else %s', async (when) => {
    const own = await render('overlays/production/migrations')
    const network = new Network(when === 'beside a release' ? [...own, ...(await render('overlays/production'))] : own)
    const reached = Object.entries(ENDS).flatMap(([name, end]) =>
      [53, 80, 443, 4001, 4002, 4222, 5432, 6379].flatMap((port) =>
        network.allows(ENDS.migrations, end, port) ? `${name} ${port}` : [],
      ),
    )
    expect(reached).toEqual(['stores 5432', 'dns 53', 'DNS cache of the node 53'])
    expect(network.allows(ENDS.stranger, ENDS.migrations, 4001)).toBe(false)
  })
})

describe('in staging', () => {
  const worker = { ...ENDS.worker, namespace: 'parley-staging' }

  it('the stores of staging are used, and not those of production', async () => {
    const network = new Network(await render('overlays/staging'))
    expect(network.allows(worker, ENDS['stores of staging'], 5432)).toBe(true)
    expect(network.allows(worker, ENDS.stores, 5432)).toBe(false)
  })

  it('the auth of production is out of reach', async () => {
    const network = new Network([...(await render('overlays/staging')), ...(await render('overlays/production'))])
    expect(network.allows(worker, { ...ENDS.auth, namespace: 'parley-staging' }, 4001)).toBe(true)
    expect(network.allows(worker, ENDS.auth, 4001)).toBe(false)
  })
})

describe('with a model in the cluster', () => {
  it('chat and the workers reach it, at its port alone', async () => {
    const network = new Network(await render('overlays/production', ['in-cluster-model']))
    expect(network.allows(ENDS.worker, ENDS['model server'], 8000)).toBe(true)
    expect(network.allows(ENDS.chat, ENDS['model server'], 8000)).toBe(true)
    expect(network.allows(ENDS.auth, ENDS['model server'], 8000)).toBe(false)
    expect(network.allows(ENDS.worker, ENDS['model server'], 8001)).toBe(false)
  })
})

describe('the policies', () => {
  it('name only ports that the containers they protect have', async () => {
    const manifests = await render('overlays/production')
    const listening = ofKind(manifests, 'Deployment').flatMap(
      ({ spec }) => spec.template.spec.containers[0].ports ?? [],
    )
    const known = listening.flatMap(({ name, containerPort }): (string | number)[] => [name, containerPort])
    const policies = manifests.filter(({ kind }) => kind === 'NetworkPolicy') as NetworkPolicy[]
    const named = policies.flatMap(({ spec }) => (spec.ingress ?? []).flatMap(({ ports }) => ports ?? []))
    expect(named.length).toBeGreaterThan(3)
    // The solvers are cert-manager's own pods.
    expect(named.filter(({ port }) => !known.includes(port))).toEqual([{ protocol: 'TCP', port: 8089 }])
  })
})

async function isAllowed(from: Row[0], to: Row[1], port: number): Promise<boolean> {
  return new Network(await render('overlays/production')).allows(ENDS[from], ENDS[to], port)
}
