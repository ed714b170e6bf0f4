import { readFile } from 'node:fs/promises'
import { beforeEach, describe, expect, it } from 'vitest'
import type { PodTemplate } from './manifest.ts'
import { MIGRATIONS, OVERLAYS, podTemplates, render, requireKubectl } from './manifests.ts'

beforeEach(requireKubectl)

describe.each([...OVERLAYS, ...MIGRATIONS])('each pod of %s', (folder) => {
  it('may do nothing but its work', async () => {
    for (const { spec } of await templatesIn(folder)) {
      expect(spec).toMatchObject({ automountServiceAccountToken: false, enableServiceLinks: false })
      expect(spec.securityContext).toMatchObject({
        runAsNonRoot: true,
        runAsUser: expect.any(Number),
        seccompProfile: { type: 'RuntimeDefault' },
      })
      expect(spec.containers.map(({ securityContext }) => securityContext)).toEqual([
        {
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
          privileged: false,
          readOnlyRootFilesystem: true,
        },
      ])
      expect(spec.volumes).toEqual([{ name: 'tmp', emptyDir: { sizeLimit: '64Mi' } }])
      expect(spec.containers[0].volumeMounts).toEqual([{ name: 'tmp', mountPath: '/tmp' }])
    }
  })

  it('is the user whom the image is made for', async () => {
    const [, user] = /^USER\s+(\d+)/m.exec(await readFile('Dockerfile', 'utf8')) ?? []
    const users = (await templatesIn(folder)).map(({ spec }) => String(spec.securityContext.runAsUser))
    expect(new Set(users)).toEqual(new Set([user]))
  })

  it('has a bounded share of its node', async () => {
    for (const { spec } of await templatesIn(folder)) {
      for (const amounts of Object.values(spec.containers[0].resources)) {
        expect(amounts).toEqual({ cpu: expect.stringMatching(/^\d+m?$/), memory: expect.stringMatching(/^\d+[MG]i$/) })
      }
    }
  })

  it('runs one version of one image, which a tag names for good', async () => {
    const images = new Set((await templatesIn(folder)).map(({ spec }) => spec.containers[0].image))
    expect([...images]).toEqual([expect.stringMatching(/^registry\.example\.com\/parley:\d+\.\d+\.\d+(-rc\.\d+)?$/)])
    const other = folder.endsWith('/migrations') ? folder.replace('/migrations', '') : `${folder}/migrations`
    expect(images).toEqual(new Set((await templatesIn(other)).map(({ spec }) => spec.containers[0].image)))
  })

  it('has an account of its own role, which may do nothing', async () => {
    const manifests = await render(folder)
    const accounts = manifests.filter(({ kind }) => kind === 'ServiceAccount')
    const named = podTemplates(manifests).map(({ spec }) => spec.serviceAccountName)
    expect(accounts.map(({ metadata }) => metadata.name).toSorted()).toEqual([...new Set(named)].toSorted())
    expect(accounts).toEqual(accounts.map(() => expect.objectContaining({ automountServiceAccountToken: false })))
    expect(manifests.filter(({ apiVersion }) => apiVersion.startsWith('rbac.'))).toEqual([])
  })
})

async function templatesIn(folder: string): Promise<PodTemplate[]> {
  const found = podTemplates(await render(folder))
  expect(found.length).toBeGreaterThan(0)
  return found
}
