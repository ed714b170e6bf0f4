import { beforeEach, describe, expect, it } from 'vitest'
import { complaintsAbout } from './manifest-schema.ts'
import { COMPONENTS, MIGRATIONS, OVERLAYS, render, requireKubectl } from './manifests.ts'

/** Below these the keys are the author's own. */
const OWN_KEYS = /\/(labels|annotations|data|matchLabels|requests|limits|spec\/selector)\/[^/]+(\/[^/]+)?$/

beforeEach(requireKubectl)

describe('Kubernetes accepts every object of', () => {
  it.each([...OVERLAYS, ...MIGRATIONS])('%s', async (folder) => {
    const manifests = await render(folder)
    expect(manifests.length).toBeGreaterThan(3)
    expect(manifests.map(complaintsOf)).toEqual(manifests.map(withoutComplaints))
  })

  it.each(COMPONENTS)('the production overlay with the component %s', async (component) => {
    const manifests = await render('overlays/production', [component])
    expect(manifests.map(complaintsOf)).toEqual(manifests.map(withoutComplaints))
    expect(manifests).not.toEqual(await render('overlays/production'))
  })
})

describe('the check itself', () => {
  it('notices each field that is misspelt, whatever it is', async () => {
    const manifests = [
      ...(await render('overlays/production', COMPONENTS)),
      ...(await render('overlays/production/migrations')),
    ]
    const missed = manifests.flatMap((manifest) =>
      fieldPaths(manifest).filter((path) => complaintsAbout(misspelt(manifest, path)).length === 0),
    )
    const unexpected = missed.map((path) => `/${path.join('/')}`).filter((path) => !OWN_KEYS.test(path))
    expect(unexpected).toEqual([])
  })

  it('notices what has the wrong type, what is missing, and what is no kind of ours', () => {
    const policy = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'gateway' } }
    expect(complaintsAbout({ ...policy, spec: { maxUnavailable: 1 } })).toEqual([])
    expect(complaintsAbout({ ...policy, spec: { maxUnavailable: [] } })).not.toEqual([])
    expect(complaintsAbout({ apiVersion: 'apps/v1', kind: 'Deployment' })).toEqual([])
    expect(complaintsAbout({ apiVersion: 'apps/v1', kind: 'Deployment', spec: {} })).not.toEqual([])
    expect(complaintsAbout({ apiVersion: 'v1', kind: 'Secret' })).toEqual(['there is no schema of v1 Secret'])
  })
})

const complaintsOf = (manifest: Parameters<typeof complaintsAbout>[0] & { metadata: { name: string } }) => ({
  ...withoutComplaints(manifest),
  complaints: complaintsAbout(manifest),
})

const withoutComplaints = ({ kind, metadata }: { kind: string; metadata: { name: string } }) => ({
  object: `${kind} ${metadata.name}`,
  complaints: [],
})

/** The paths of all fields in it, but for the two that name its type. */
function fieldPaths(value: unknown, path: readonly string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, child]) => {
    const below = [...path, key]
    const isField = !Array.isArray(value) && !['apiVersion', 'kind'].includes(below.join('/'))
    return [...(isField ? [below] : []), ...fieldPaths(child, below)]
  })
}

function misspelt<Given extends object>(manifest: Given, path: readonly string[]): Given {
  const copy = structuredClone(manifest)
  let parent: Record<string, unknown> = copy as Record<string, unknown>
  for (const key of path.slice(0, -1)) parent = parent[key] as Record<string, unknown>
  const key = path.at(-1) ?? ''
  parent[`${key}x`] = parent[key]
  delete parent[key]
  return copy
}
