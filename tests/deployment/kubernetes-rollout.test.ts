import { readFile } from 'node:fs/promises'
import { beforeEach, describe, expect, it } from 'vitest'
import { createHttpServer } from '../../platform/http-server.ts'
import { createLogger } from '../../platform/logging.ts'
import { type Manifest, selects } from './manifest.ts'
import {
  COMPONENTS,
  MIGRATIONS,
  OVERLAYS,
  ofKind,
  podTemplates,
  ROLES,
  render,
  requireKubectl,
  selectedBy,
} from './manifests.ts'
import { environmentOf } from './role-environment.ts'

/** Past SHUTDOWN_GRACE_MS a process may take so long, in seconds; then what the kubelet itself needs. */
const [LAST_MOMENTS, MARGIN] = [2, 3]

beforeEach(requireKubectl)

describe.each(OVERLAYS)('%s', (overlay) => {
  it('has a Deployment for each role, whose pods are its own alone', async () => {
    const deployments = ofKind(await render(overlay), 'Deployment')
    expect(deployments.map(({ metadata }) => metadata.name)).toEqual(ROLES)
    for (const { metadata, spec } of deployments) {
      const selected = deployments.filter((other) => selects(spec.selector, other.spec.template.metadata.labels))
      expect(selected.map((other) => other.metadata.name)).toEqual([metadata.name])
      expect(spec.template.spec.containers[0].args).toEqual([metadata.name])
      expect(spec.strategy).toEqual({ type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } })
    }
  })

  it('has Services that lead to a port of their pods', async () => {
    const manifests = await render(overlay)
    const services = ofKind(manifests, 'Service')
    expect(services.map(({ metadata }) => metadata.name)).toEqual(['auth', 'chat', 'gateway'])
    for (const { metadata, spec } of services) {
      const [deployment] = selectedBy(manifests, { matchLabels: spec.selector })
      const [port] = deployment?.spec.template.spec.containers[0].ports ?? []
      expect(deployment?.metadata.name).toBe(metadata.name)
      expect(spec.ports).toMatchObject([{ name: 'http', port: port?.containerPort, targetPort: port?.name }])
    }
  })

  it('names services in URLs by the ports that they have', async () => {
    const manifests = await render(overlay)
    const said = ofKind(manifests, 'ConfigMap').flatMap(({ data }) => Object.values(data))
    const named = said.flatMap((value) =>
      [...value.matchAll(/^http:\/\/([\w-]+):(\d+)/g)].map(([, ...url]) => url.join(':')),
    )
    const served = ofKind(manifests, 'Service').map(({ metadata, spec }) => `${metadata.name}:${spec.ports[0]?.port}`)
    expect(new Set(named)).toEqual(new Set(served.filter((service) => !service.startsWith('gateway'))))
  })

  it('asks pages that a process really has whether it lives and is ready', async () => {
    const server = createHttpServer({
      logger: createLogger({ name: 'probed', level: 'silent', format: 'json' }),
      ready: () => {},
    })
    for (const { spec } of ofKind(await render(overlay), 'Deployment')) {
      const [{ ports, startupProbe, livenessProbe, readinessProbe }] = spec.template.spec.containers
      for (const { httpGet } of [startupProbe, livenessProbe, readinessProbe]) {
        expect(httpGet.port).toBe(ports?.[0]?.name)
        expect((await server.inject(httpGet.path)).statusCode).toBe(200)
      }
      expect([livenessProbe.httpGet.path, readinessProbe.httpGet.path]).toEqual(['/health', '/ready'])
      expect(spec.progressDeadlineSeconds).toBeGreaterThan(startupProbe.periodSeconds * startupProbe.failureThreshold)
    }
    await server.close()
  })

  it('kills no pod before it had the time that it was promised', async () => {
    const manifests = await render(overlay)
    for (const { metadata, spec } of ofKind(manifests, 'Deployment')) {
      const [container] = spec.template.spec.containers
      const { SHUTDOWN_GRACE_MS } = environmentOf(container, ofKind(manifests, 'ConfigMap'))
      const pause = container.lifecycle?.preStop.sleep.seconds ?? 0
      const needed = pause + Number(SHUTDOWN_GRACE_MS) / 1_000 + LAST_MOMENTS + MARGIN
      expect(needed, metadata.name).toBeLessThanOrEqual(spec.template.spec.terminationGracePeriodSeconds ?? 30)
      expect(pause > 0).toBe(metadata.name !== 'worker')
    }
  })

  it('scales each role, and says nowhere else how many there are', async () => {
    const manifests = await render(overlay)
    const autoscalers = ofKind(manifests, 'HorizontalPodAutoscaler')
    expect(autoscalers.map(({ spec }) => spec.scaleTargetRef)).toEqual(
      ROLES.map((name) => ({ apiVersion: 'apps/v1', kind: 'Deployment', name })),
    )
    for (const { spec } of autoscalers) expect(spec.minReplicas).toBeLessThan(spec.maxReplicas)
    expect(ofKind(manifests, 'Deployment').filter(({ spec }) => spec.replicas !== undefined)).toEqual([])
  })

  it('lets every node be drained', async () => {
    const manifests = await render(overlay)
    const autoscalers = ofKind(manifests, 'HorizontalPodAutoscaler')
    const budgets = ofKind(manifests, 'PodDisruptionBudget')
    expect(budgets.map(({ metadata }) => metadata.name)).toEqual(ROLES)
    for (const { metadata, spec } of budgets) {
      expect(selectedBy(manifests, spec.selector).map((deployment) => deployment.metadata.name)).toEqual([
        metadata.name,
      ])
      const fewest = autoscalers.find((autoscaler) => autoscaler.metadata.name === metadata.name)?.spec.minReplicas ?? 0
      const mayGo = spec.maxUnavailable ?? fewest - (spec.minAvailable ?? 0)
      expect(mayGo, metadata.name).toBeGreaterThanOrEqual(1)
    }
  })
})

describe('the overlays', () => {
  it('differ in what a place has of its own', async () => {
    const [staging, production] = await Promise.all(OVERLAYS.map((overlay) => render(overlay)))
    const facts = (manifests: readonly Manifest[] = []) => ({
      namespaces: [...new Set(manifests.flatMap(({ metadata }) => metadata.namespace ?? []))],
      hosts: ofKind(manifests, 'Ingress').flatMap(({ spec }) => spec.rules.map(({ host }) => host)),
      replicas: ofKind(manifests, 'HorizontalPodAutoscaler').map(({ spec }) => [spec.minReplicas, spec.maxReplicas]),
      memory: podTemplates(manifests).map(({ spec }) => spec.containers[0].resources.limits.memory),
      image: podTemplates(manifests).map(({ spec }) => spec.containers[0].image),
      grace: podTemplates(manifests).map(({ spec }) => spec.terminationGracePeriodSeconds),
      common: ofKind(manifests, 'ConfigMap').find(({ metadata }) => metadata.name.startsWith('common-'))?.data,
    })
    const [here, there] = [facts(staging), facts(production)]
    expect(here.namespaces).toEqual(['parley-staging'])
    expect(there.namespaces).toEqual(['parley'])
    for (const fact of Object.keys(here) as (keyof typeof here)[]) expect(here[fact], fact).not.toEqual(there[fact])
    expect(there.common).toMatchObject({ SHUTDOWN_GRACE_MS: '60000', LOG_LEVEL: 'info' })
  })

  it('put everything into their namespace, whatever components they have', async () => {
    for (const overlay of OVERLAYS) {
      const manifests = (await render(overlay, COMPONENTS)).filter(({ kind }) => kind !== 'Namespace')
      expect(new Set(manifests.map(({ metadata }) => metadata.namespace)).size).toBe(1)
    }
  })
})

describe('Postgres', () => {
  it('has as many connections as the largest number of processes may hold', async () => {
    const autoscalers = ofKind(await render('overlays/production'), 'HorizontalPodAutoscaler')
    const most = autoscalers
      .filter(({ metadata }) => metadata.name !== 'gateway')
      .map(({ spec }) => spec.maxReplicas + 1)
    const [, pool] = /poolSize \?\? (\d+)/.exec(await readFile('platform/database.ts', 'utf8')) ?? []
    const [, connections] = /max_connections: "(\d+)"/.exec(await readFile('docs/kubernetes.md', 'utf8')) ?? []
    const needed = most.reduce((sum, replicas) => sum + replicas * Number(pool), 0)
    expect(needed).toBeGreaterThan(0)
    expect(Number(connections)).toBeGreaterThan(needed * 1.2)
  })
})

describe('a migration', () => {
  it.each(MIGRATIONS)('of %s is tried again, ends some time, and is swept away', async (folder) => {
    const jobs = ofKind(await render(folder), 'Job')
    expect(jobs.map(({ metadata }) => metadata.name)).toEqual(['migrate-auth', 'migrate-chat'])
    for (const { spec } of jobs) {
      expect(spec).toMatchObject({ backoffLimit: 3, activeDeadlineSeconds: 3_600, ttlSecondsAfterFinished: 86_400 })
      expect(spec.template.spec.restartPolicy).toBe('Never')
    }
  })
})
