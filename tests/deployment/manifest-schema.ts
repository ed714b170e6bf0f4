import { PodMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor'
import { PrometheusRule } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule'
import { Deployment } from 'kubernetes-models/apps/v1/Deployment'
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler'
import { Job } from 'kubernetes-models/batch/v1/Job'
import { Ingress } from 'kubernetes-models/networking.k8s.io/v1/Ingress'
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy'
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget'
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap'
import { Namespace } from 'kubernetes-models/v1/Namespace'
import { Service } from 'kubernetes-models/v1/Service'
import { ServiceAccount } from 'kubernetes-models/v1/ServiceAccount'

/** Made from the OpenAPI description of Kubernetes, and from the custom resources of the Prometheus Operator. */
const MODELS = [
  ...[ConfigMap, Deployment, HorizontalPodAutoscaler, Ingress, Job, Namespace, NetworkPolicy, PodDisruptionBudget],
  ...[PodMonitor, PrometheusRule, Service, ServiceAccount],
]

/**
 * What an API server would say against an object with strict field validation: where, and what. Nothing, when it would take it.
 *
 * The validators pass over fields that they do not know, but they read every field that they do. So a field that was not
 * read is unknown.
 */
export function complaintsAbout(manifest: {
  readonly apiVersion: string
  readonly kind: string
  readonly spec?: unknown
}): string[] {
  const { apiVersion, kind } = manifest
  const model = MODELS.find((known) => known.apiVersion === apiVersion && known.kind === kind)
  if (!model) return [`there is no schema of ${apiVersion} ${kind}`]
  const watched = new WatchedReading()
  try {
    model.prototype.validate.call(watched.of(manifest))
  } catch (error) {
    return [String(error)]
  }
  return watched.unread(manifest, '').map((path) => `${path} is no field of ${apiVersion} ${kind}`)
}

/** Objects that remember which of their fields were read. */
class WatchedReading {
  readonly #read = new Map<object, Set<string | symbol>>()
  readonly #watched = new Map<object, object>()

  /** The same to whoever reads it. */
  of(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value
    const known = this.#watched.get(value)
    if (known) return known
    const read = new Set<string | symbol>()
    const watched = new Proxy(value, {
      get: (target, key) => {
        read.add(key)
        return this.of(Reflect.get(target, key))
      },
    })
    this.#read.set(value, read)
    this.#watched.set(value, watched)
    return watched
  }

  /** The paths of what was not, below `path`. */
  unread(value: unknown, path: string): string[] {
    if (typeof value !== 'object' || value === null) return []
    const read = this.#read.get(value)
    return Object.entries(value).flatMap(([key, child]) =>
      read?.has(key) ? this.unread(child, `${path}/${key}`) : [`${path}/${key}`],
    )
  }
}
