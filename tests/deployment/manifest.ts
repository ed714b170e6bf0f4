/** One object of Kubernetes, as far as every kind is the same. */
export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: Metadata
}

interface Metadata {
  readonly name: string
  readonly namespace?: string
  readonly labels?: Labels
  readonly annotations?: Labels
}

export type Labels = Readonly<Record<string, string>>

/** Which objects are meant: those that satisfy all of it. */
export interface Selector {
  readonly matchLabels?: Labels
  readonly matchExpressions?: readonly {
    readonly key: string
    readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
    readonly values?: readonly string[]
  }[]
}

export interface ConfigMap extends Manifest {
  readonly data: Labels
}

/** A Deployment. */
export interface Workload extends Manifest {
  readonly spec: {
    readonly replicas?: number
    readonly progressDeadlineSeconds: number
    readonly selector: Selector
    readonly strategy: { readonly type: string; readonly rollingUpdate: { maxUnavailable: number; maxSurge: number } }
    readonly template: PodTemplate
  }
}

export interface Job extends Manifest {
  readonly spec: {
    readonly backoffLimit: number
    readonly activeDeadlineSeconds: number
    readonly ttlSecondsAfterFinished: number
    readonly template: PodTemplate
  }
}

export interface PodTemplate {
  readonly metadata: { readonly labels: Labels }
  readonly spec: PodSpec
}

export interface PodSpec {
  readonly automountServiceAccountToken: boolean
  readonly enableServiceLinks: boolean
  readonly serviceAccountName: string
  readonly restartPolicy?: string
  readonly terminationGracePeriodSeconds?: number
  readonly securityContext: Readonly<Record<string, unknown>>
  readonly containers: readonly [Container, ...Container[]]
  readonly volumes: readonly { readonly name: string; readonly emptyDir?: object }[]
}

export interface Container {
  readonly name: string
  readonly image: string
  readonly args: readonly string[]
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[]
  readonly env: readonly Variable[]
  readonly envFrom?: readonly { readonly configMapRef: { readonly name: string } }[]
  readonly resources: Readonly<Record<'requests' | 'limits', { readonly cpu: string; readonly memory: string }>>
  readonly securityContext: Readonly<Record<string, unknown>>
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[]
  readonly lifecycle?: { readonly preStop: { readonly sleep: { readonly seconds: number } } }
  readonly startupProbe: Probe
  readonly livenessProbe: Probe
  readonly readinessProbe: Probe
}

/** One variable of a container: said here, or a reference to a key of a Secret. */
export interface Variable {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: { readonly secretKeyRef: SecretKey }
}

export interface SecretKey {
  readonly name: string
  readonly key: string
  readonly optional?: boolean
}

export interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string | number }
  readonly periodSeconds: number
  readonly failureThreshold: number
}

export interface Service extends Manifest {
  readonly spec: {
    readonly selector: Labels
    readonly ports: readonly { readonly name: string; readonly port: number; readonly targetPort: string | number }[]
  }
}

export interface Autoscaler extends Manifest {
  readonly spec: {
    readonly scaleTargetRef: { readonly apiVersion: string; readonly kind: string; readonly name: string }
    readonly minReplicas: number
    readonly maxReplicas: number
    readonly metrics: readonly {
      readonly type: string
      readonly pods?: {
        readonly metric: { readonly name: string }
        readonly target: { readonly averageValue: string }
      }
    }[]
  }
}

export interface DisruptionBudget extends Manifest {
  readonly spec: { readonly selector: Selector; readonly minAvailable?: number; readonly maxUnavailable?: number }
}

export interface Ingress extends Manifest {
  readonly spec: {
    readonly tls: readonly { readonly hosts: readonly string[]; readonly secretName: string }[]
    readonly rules: readonly {
      readonly host: string
      readonly http: {
        readonly paths: readonly {
          readonly path: string
          readonly pathType: string
          readonly backend: { readonly service: { readonly name: string; readonly port: { readonly name: string } } }
        }[]
      }
    }[]
  }
}

/** Whether an object with these labels is selected (apimachinery's labels.Selector); an empty selector selects all. */
export function selects(selector: Selector, labels: Labels): boolean {
  const wanted = Object.entries(selector.matchLabels ?? {})
  return (
    wanted.every(([key, value]) => labels[key] === value) &&
    (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
      const value = labels[key]
      const isListed = value !== undefined && values.includes(value)
      return { In: isListed, NotIn: !isListed, Exists: value !== undefined, DoesNotExist: value === undefined }[
        operator
      ]
    })
  )
}
