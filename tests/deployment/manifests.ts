import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { TestContext } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { requireProgram } from '../../platform/testing/server-process.ts'
import {
  type Autoscaler,
  type ConfigMap,
  type DisruptionBudget,
  type Ingress,
  type Job,
  type Manifest,
  type PodTemplate,
  type Selector,
  type Service,
  selects,
  type Workload,
} from './manifest.ts'

const KUBECTL = process.env.KUBECTL ?? 'kubectl'
const RENDER_MS = 30_000

/** The roles that run all the time, in the order in which manifests are rendered. */
export const ROLES = ['auth', 'chat', 'gateway', 'worker']
/** What we ship, each a folder under `k8s/`. */
export const OVERLAYS = ['overlays/staging', 'overlays/production']
export const MIGRATIONS = ['overlays/staging/migrations', 'overlays/production/migrations']
export const COMPONENTS = ['in-cluster-model', 'moderation', 'prometheus-operator', 'socket-autoscaling', 'tracing']

/** What each kind that the tests look into consists of. */
interface Kinds {
  ConfigMap: ConfigMap
  Deployment: Workload
  HorizontalPodAutoscaler: Autoscaler
  Ingress: Ingress
  Job: Job
  PodDisruptionBudget: DisruptionBudget
  Service: Service
}

/** For a test that renders manifests: without kubectl it is skipped with the reason, and under CI it fails. */
export function requireKubectl(context: TestContext): void {
  requireProgram(
    context,
    KUBECTL,
    'Install kubectl 1.27 or newer, or set KUBECTL: https://kubernetes.io/docs/tasks/tools/',
  )
}

const rendered = new Map<string, Promise<readonly Manifest[]>>()

/**
 * What `kubectl apply -k k8s/<folder>` would send, with these components, which an overlay offers as comments, taken. Rendered once.
 *
 * @throws Error with what kubectl says against it.
 */
export function render(folder: string, components: readonly string[] = []): Promise<readonly Manifest[]> {
  const key = [folder, ...components].join(' + ')
  const known =
    rendered.get(key) ?? (components.length === 0 ? kustomize(`k8s/${folder}`) : composed(folder, components))
  rendered.set(key, known)
  return known
}

/** Those of one kind. */
export function ofKind<Kind extends keyof Kinds>(manifests: readonly Manifest[], kind: Kind): Kinds[Kind][] {
  return manifests.filter((manifest) => manifest.kind === kind) as unknown as Kinds[Kind][]
}

/** Of Deployments and Jobs. */
export const podTemplates = (manifests: readonly Manifest[]): PodTemplate[] =>
  [...ofKind(manifests, 'Deployment'), ...ofKind(manifests, 'Job')].map(({ spec }) => spec.template)

/** The Deployments whose pods are selected. */
export const selectedBy = (manifests: readonly Manifest[], selector: Selector): Workload[] =>
  ofKind(manifests, 'Deployment').filter(({ spec }) => selects(selector, spec.template.metadata.labels))

/** A copy in which they are no comments any more. */
async function composed(folder: string, components: readonly string[]): Promise<readonly Manifest[]> {
  const copy = await mkdtemp(join(tmpdir(), 'parley-k8s-'))
  try {
    await cp('k8s', copy, { recursive: true })
    const file = join(copy, folder, 'kustomization.yaml')
    let text = await readFile(file, 'utf8')
    for (const component of components) {
      const line = `- ../../components/${component}\n`
      if (!text.includes(`  # ${line}`)) throw new Error(`${folder} does not offer the component ${component}.`)
      text = text.replace(`  # ${line}`, `  ${line}`)
    }
    await writeFile(file, text)
    return await kustomize(join(copy, folder))
  } finally {
    await rm(copy, { recursive: true })
  }
}

async function kustomize(folder: string): Promise<readonly Manifest[]> {
  const { stdout } = await promisify(execFile)(KUBECTL, ['kustomize', folder], { timeout: RENDER_MS })
  return parseAllDocuments(stdout).map((document) => {
    for (const error of document.errors) throw error
    return document.toJS() as Manifest
  })
}
