import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { complaintsAbout } from './manifest-schema.ts'
import { COMPONENTS } from './manifests.ts'

const page = () => readFile('docs/kubernetes.md', 'utf8')

/** The objects in it, without what no schema is at hand for. */
async function blocks(): Promise<{ apiVersion: string; kind: string; spec?: unknown }[]> {
  return [...(await page()).matchAll(/^( *)```yaml\n(.*?)^\1```/gms)].map(([, , text = '']) => parse(text))
}

describe('docs/kubernetes.md', () => {
  it('shows manifests that Kubernetes would accept', async () => {
    const shown = await blocks()
    expect(shown.map(({ kind }) => kind)).toEqual(['ExternalSecret', undefined, 'Cluster', 'NetworkPolicy'])
    expect(shown.filter(({ kind }) => kind === 'NetworkPolicy').flatMap(complaintsAbout)).toEqual([])
  })

  it('makes the database roles as Compose does', async () => {
    const cluster = (await blocks()).find(({ kind }) => kind === 'Cluster') as unknown as PostgresCluster
    const statements = cluster.spec.bootstrap.initdb.postInitApplicationSQL
    const script = (await readFile('deploy/compose/postgres-roles.sh', 'utf8')).replaceAll(':"database"', 'parley')
    const missing = statements.filter((statement) => !script.includes(`${statement};`))
    expect(missing).toEqual(['CREATE ROLE parley_auth', 'CREATE ROLE parley_chat'])
    expect(statements.filter((statement) => statement.startsWith('CREATE SCHEMA'))).toHaveLength(2)
  })

  it('lists every component', async () => {
    const section = (await page()).split('## Components')[1]?.split('\n## ')[0] ?? ''
    expect([...section.matchAll(/^\| `([\w-]+)` \|/gm)].map(([, name]) => name)).toEqual(COMPONENTS)
  })
})

interface PostgresCluster {
  readonly spec: { readonly bootstrap: { readonly initdb: { readonly postInitApplicationSQL: readonly string[] } } }
}
