import { readFile } from 'node:fs/promises'
import { beforeEach, describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../platform/environment.ts'
import type { Manifest, PodTemplate, SecretKey } from './manifest.ts'
import { COMPONENTS, MIGRATIONS, OVERLAYS, ofKind, render, requireKubectl } from './manifests.ts'
import { environmentOf, READERS } from './role-environment.ts'

const ROLES = Object.keys(READERS)
const CASES = OVERLAYS.flatMap((overlay) => ROLES.map((role) => [role, overlay] as const))
/** Fits no type that a variable of ours can have but that of free text. */
const NONSENSE = '\u2717 nonsense'

beforeEach(requireKubectl)

describe.each(CASES)('the %s of %s', (role, overlay) => {
  it('starts with what it is told', async () => {
    const config = read(role, await environmentIn(role, await render(overlay)))
    expect(config).toMatchObject(role === 'gateway' ? { production: true } : { logging: { format: 'json' } })
  })

  it.each([
    ['as it is', []],
    ['with every component', COMPONENTS],
  ])('reads every variable that it is given, %s', async (_, components) => {
    const environment = await environmentIn(role, await render(overlay, components))
    const before = JSON.stringify(read(role, environment))
    const isUnread = (name: string) => outcomeOf(() => read(role, { ...environment, [name]: NONSENSE })) === before
    expect(Object.keys(environment).filter(isUnread)).toEqual([])
  })

  it('listens at the port of its container', async () => {
    const manifests = await render(overlay)
    const { host, port } = addressIn(read(role, await environmentIn(role, manifests)), role)
    expect([host, port]).toEqual(['0.0.0.0', templateOf(role, manifests).spec.containers[0].ports?.[0]?.containerPort])
  })
})

describe('what is optional in a Secret', () => {
  it('may be missing in staging where a model in the cluster answers', async () => {
    const manifests = await render('overlays/staging', ['in-cluster-model'])
    for (const role of ROLES) {
      expect(() =>
        read(
          role,
          environmentOf(...partsOf(role, manifests), ({ optional }) => !optional),
        ),
      ).not.toThrow()
    }
  })

  it('is named by the process that cannot do without it', async () => {
    const manifests = await render('overlays/production')
    const without = (role: string, key: string) =>
      outcomeOf(() =>
        read(
          role,
          environmentOf(...partsOf(role, manifests), (secret) => secret.key !== key),
        ),
      )
    expect(without('auth', 'SMTP_URL')).toContain('SMTP_URL: is required')
    expect(without('chat', 'OPENAI_API_KEY')).toContain('OPENAI_API_KEY: is required')
    expect(without('worker', 'OPENAI_API_KEY')).toContain('OPENAI_API_KEY: is required')
  })
})

describe('chat and the workers', () => {
  it.each(OVERLAYS)('are told the same in %s, and that workers are processes of their own', async (overlay) => {
    const manifests = await render(overlay)
    const [chat, worker] = await Promise.all([environmentIn('chat', manifests), environmentIn('worker', manifests)])
    expect(worker).toEqual(chat)
    expect(chat.AI_WORKER).toBe('separate')
  })
})

describe('secrets', () => {
  it.each([...OVERLAYS, ...MIGRATIONS])('are in no manifest of %s', async (folder) => {
    const manifests = await render(folder)
    expect(manifests.map(({ kind }) => kind)).not.toContain('Secret')
    const said = ofKind(manifests, 'ConfigMap').flatMap(({ data }) => Object.keys(data))
    const { SECRET_VARIABLES } = await import('../../platform/environment-files.ts')
    expect(said.filter((name) => SECRET_VARIABLES.some((secret) => secret === name))).toEqual([])
  })

  it('are listed in the docs, each with who reads it', async () => {
    const page = await readFile('docs/kubernetes.md', 'utf8')
    const rows = [...page.matchAll(/^\| `(parley-[\w-]+)` \| `(\w+)` \| ([\w, -]+) \| (yes|no)\b/gm)]
    const listed = rows.map(([, name, key, readers, needed]) => [name, key, readers, needed].join(' | '))
    const manifests = [...(await render('overlays/production')), ...(await render('overlays/production/migrations'))]
    expect(listed.toSorted()).toEqual(secretsIn(manifests).toSorted())
  })
})

describe('a migration', () => {
  it.each(MIGRATIONS)('of %s is given its own database and nothing that it does not read', async (folder) => {
    const jobs = ofKind(await render(folder), 'Job')
    const told = jobs.map(({ spec }) => {
      const [{ args, env }] = spec.template.spec.containers
      return [args, env.map(({ name }) => name), env.flatMap(({ valueFrom }) => valueFrom?.secretKeyRef.name ?? [])]
    })
    const names = ['NODE_ENV', 'DATABASE_URL']
    expect(told).toEqual([
      [['migrate', 'auth'], names, ['parley-auth-database']],
      [['migrate', 'chat'], names, ['parley-chat-database']],
    ])
  })
})

function read(role: string, environment: NodeJS.ProcessEnv): object {
  const reader = READERS[role]
  if (!reader) throw new Error(`There is no role ${role}.`)
  return reader(environment)
}

/** What was read, or what is wrong; in both cases as text. */
function outcomeOf(act: () => object): string {
  try {
    return JSON.stringify(act())
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message
    throw error
  }
}

function addressIn(config: object, role: string): { host: string; port: number } {
  const given = config as { host: string; port: number; address: Address; workerAddress: Address }
  if (role === 'gateway') return given
  return role === 'worker' ? given.workerAddress : given.address
}

interface Address {
  readonly host: string
  readonly port: number
}

function templateOf(role: string, manifests: readonly Manifest[]): PodTemplate {
  const found = ofKind(manifests, 'Deployment').find(({ metadata }) => metadata.name === role)
  if (!found) throw new Error(`There is no Deployment ${role}.`)
  return found.spec.template
}

const partsOf = (role: string, manifests: readonly Manifest[]) =>
  [templateOf(role, manifests).spec.containers[0], ofKind(manifests, 'ConfigMap')] as const

const environmentIn = async (role: string, manifests: readonly Manifest[]) => environmentOf(...partsOf(role, manifests))

/** Each key of a Secret that is read, by whom, and whether they start without it. */
function secretsIn(manifests: readonly Manifest[]): string[] {
  const readers = new Map<string, { secret: SecretKey; roles: string[] }>()
  for (const { metadata, spec } of [...ofKind(manifests, 'Deployment'), ...ofKind(manifests, 'Job')]) {
    for (const { valueFrom } of spec.template.spec.containers[0].env) {
      const secret = valueFrom?.secretKeyRef
      if (!secret) continue
      const known = readers.get(`${secret.name} ${secret.key}`)
      if (known) known.roles.push(metadata.name)
      else readers.set(`${secret.name} ${secret.key}`, { secret, roles: [metadata.name] })
    }
  }
  return [...readers.values()].map(({ secret, roles }) =>
    [secret.name, secret.key, roles.toSorted().join(', '), secret.optional ? 'no' : 'yes'].join(' | '),
  )
}
