import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { PROJECT, readCompose } from '../support/compose-file.ts'

const read = (path: string) => readFileSync(join(PROJECT, path), 'utf8')
const PAGES = ['README.md', 'docs/operating.md', 'docs/kubernetes.md', 'docs/runbook.md']
const roles = [...read('scripts/role.ts').matchAll(/^ {2}'?([\w-]+)'?: '[\w/-]+\.ts',$/gm)].map(([, role]) => role)
const services = Object.keys(readCompose().services)

/** The rest of each line of a page that begins with, or has in it, these words. */
const saidAfter = (page: string, words: RegExp) =>
  [...read(page).matchAll(new RegExp(`${words.source} ([^\\n\`&|]+)`, 'g'))].map(([, rest = '']) => rest.trim())

describe('the commands of the docs', () => {
  it.each(PAGES)('%s names roles that there are, with what they want to be told', (page) => {
    for (const command of saidAfter(page, /scripts\/role\.ts/)) {
      const [role, ...words] = command.split(' ')
      expect(roles, command).toContain(role)
      if (role === 'create-admin') expect(words[0], command).toBe('--email')
    }
  })

  it('show how the first administrator is made, with Compose and on Kubernetes', () => {
    for (const page of ['docs/operating.md', 'docs/kubernetes.md'])
      expect(saidAfter(page, /scripts\/role\.ts/)).toContainEqual(
        expect.stringMatching(/^create-admin --email \S+@\S+$/),
      )
  })

  it.each(PAGES)('%s runs services that Compose has', (page) => {
    for (const command of saidAfter(page, /docker compose (?:run|exec)/)) {
      const named = command.split(' ').filter((word) => services.includes(word))
      expect(named, command).not.toEqual([])
    }
  })

  it('migrate before anything is replaced when Compose is upgraded', () => {
    const upgrade = /\*\*Upgrade\*\*[\s\S]*?```sh\n([\s\S]*?)```/.exec(read('docs/operating.md'))?.[1] ?? ''
    const steps = upgrade.split(/\n| && /).map((line) => line.trim())
    expect(steps.filter((step) => step.startsWith('docker'))).toEqual([
      'docker compose build',
      'docker compose run --rm migrate-auth',
      'docker compose run --rm migrate-chat',
      'docker compose up --detach --wait',
    ])
  })
})

describe('the workflow', () => {
  const { jobs } = parse(read('.github/workflows/ci.yml')) as {
    jobs: Record<string, { container?: string; steps: { run?: string; if?: string }[] }>
  }
  const steps = jobs.compose?.steps ?? []
  const commands = steps.flatMap(({ run }) => run?.split('\n') ?? [])

  it('starts all of Compose on a machine that has Docker, asks the gateway, and cleans up', () => {
    expect(jobs.compose?.container).toBe(undefined)
    const order = ['docker compose config --quiet', 'docker compose up --detach --build --wait --wait-timeout 300']
    expect(commands.filter((command) => order.includes(command))).toEqual(order)
    expect(commands.some((command) => command.includes('http://127.0.0.1:4000/graphql'))).toBe(true)
    expect(steps.at(-1)).toMatchObject({ if: 'always()', run: 'docker compose down --volumes' })
  })
})
