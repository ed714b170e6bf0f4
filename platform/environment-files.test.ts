import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { ConfigurationError } from './environment.ts'
import { readSecretFiles, SECRET_VARIABLES } from './environment-files.ts'
import { temporaryFolder } from './testing/temporary-folder.ts'

let path: string
beforeEach(async () => {
  path = join(await temporaryFolder(), 'secret')
  await writeFile(path, 'hunter22\n')
})

/** What is said against an environment. */
function complaints(environment: NodeJS.ProcessEnv): readonly string[] {
  try {
    readSecretFiles(environment)
    return []
  } catch (error) {
    if (error instanceof ConfigurationError) return error.complaints
    throw error
  }
}

describe('a secret in a file', () => {
  it.each(SECRET_VARIABLES)('is read for %s, without the line’s end', (name) => {
    expect(readSecretFiles({ [`${name}_FILE`]: path, LOG_LEVEL: 'warn' })).toEqual({
      [name]: 'hunter22',
      LOG_LEVEL: 'warn',
    })
  })

  it('keeps its lines', async () => {
    await writeFile(path, '-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\n')
    const { JWT_SIGNING_KEY } = readSecretFiles({ JWT_SIGNING_KEY_FILE: path })
    expect(JWT_SIGNING_KEY).toBe('-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----')
  })

  it('takes the place of an empty variable, and an empty name of a file is none', () => {
    expect(readSecretFiles({ SERVICE_SECRET: '', SERVICE_SECRET_FILE: path })).toEqual({ SERVICE_SECRET: 'hunter22' })
    expect(readSecretFiles({ SERVICE_SECRET: 'x', SERVICE_SECRET_FILE: '' })).toEqual({ SERVICE_SECRET: 'x' })
  })

  it('is refused beside the variable itself, without being quoted', () => {
    expect(complaints({ SERVICE_SECRET: 'other', SERVICE_SECRET_FILE: path })).toEqual([
      'SERVICE_SECRET_FILE: is set and SERVICE_SECRET too; leave one of them out',
    ])
  })

  it('is missed by its name, with all others that are wrong', async () => {
    await writeFile(path, ' \n')
    expect(complaints({ REDIS_URL_FILE: '/nowhere/redis-url', NATS_URL_FILE: path })).toEqual([
      `NATS_URL_FILE: the file ${path} is empty`,
      'REDIS_URL_FILE: the file /nowhere/redis-url cannot be read (ENOENT)',
    ])
  })

  it('is not looked for where a variable’s own name ends so', () => {
    const environment = { AI_MODELS_FILE: path }
    expect(readSecretFiles(environment)).toEqual(environment)
  })
})
