import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  ConfigurationError,
  databaseUrl,
  hostOf,
  httpOrigin,
  httpUrl,
  integer,
  list,
  logFormatOf,
  milliseconds,
  port,
  processEnvironment,
  ratio,
  readEnvironment,
  readTogether,
  serviceSecret,
} from './environment.ts'

/** What a variable of this type becomes, or what is said against it. */
function read(type: z.ZodType, value: string | undefined): unknown {
  try {
    return readEnvironment(z.object({ NAME: type }), value === undefined ? {} : { NAME: value }).NAME
  } catch (error) {
    if (error instanceof ConfigurationError) return error.complaints.join()
    throw error
  }
}

describe('an environment', () => {
  const schema = z.object({ PORT: port(4000), SECRET: serviceSecret() })

  it('may leave out, or leave empty, what has a default', () => {
    expect(readEnvironment(schema, {})).toEqual({ PORT: 4000 })
    expect(readEnvironment(schema, { PORT: '', SECRET: '' })).toEqual({ PORT: 4000 })
  })

  it('is refused with every variable at fault by name, and never its value', () => {
    const act = () => readEnvironment(schema, { PORT: 'ninety', SECRET: 'hunter22' })
    expect(act).toThrow(ConfigurationError)
    expect(act).toThrow(
      'The environment is not usable:\n' +
        '  PORT: must be a whole number from 0 to 65535\n' +
        '  SECRET: must have 32 characters or more',
    )
    expect(act).not.toThrow(/ninety|hunter22/)
  })

  it('that several parts read is refused once, with the complaints of all, each once', () => {
    const other = z.object({ PORT: port(4000), DATABASE_URL: databaseUrl() })
    const env = { PORT: 'x' }
    const act = () =>
      readTogether(
        () => readEnvironment(schema, env),
        () => readEnvironment(other, env),
      )
    expect(act).toThrow(
      expect.objectContaining({
        complaints: [
          'PORT: must be a whole number from 0 to 65535',
          expect.stringMatching(/^DATABASE_URL: is required/),
        ],
      }),
    )
  })

  it('that several parts read is given to each as it wants it', () => {
    const [given, name] = readTogether(
      () => readEnvironment(schema, {}),
      () => 'name',
    )
    expect([given.PORT, name]).toEqual([4000, 'name'])
  })

  it('does not hide a mistake of ours among those of its author', () => {
    const broken = () => {
      throw new TypeError('ours')
    }
    expect(() => readTogether(broken)).toThrow(TypeError)
  })
})

describe('a variable', () => {
  it.each([
    ['0', 0],
    ['65535', 65_535],
    ['65536', 'NAME: must be a whole number from 0 to 65535'],
    ['-1', 'NAME: must be a whole number from 0 to 65535'],
    ['80.5', 'NAME: must be a whole number from 0 to 65535'],
    ['0x50', 'NAME: must be a whole number from 0 to 65535'],
    [' 80', 'NAME: must be a whole number from 0 to 65535'],
  ])('for a port, %j, is read as %j', (value, expected) => {
    expect(read(port(1), value)).toBe(expected)
  })

  it.each([
    ['9', 'NAME: must be a whole number from 10 up'],
    ['10', 10],
    ['99999999999999999999', 'NAME: must be a whole number from 10 up'],
  ])('for a number from 10 up, %j, is read as %j', (value, expected) => {
    expect(read(integer(10, { min: 10 }), value)).toBe(expected)
  })

  it.each([
    ['2147483647', 2_147_483_647],
    ['2147483648', 'NAME: must be a whole number from 1 to 2147483647'],
  ])('for milliseconds, %j, is read as %j, because a timer that waits longer fires at once', (value, expected) => {
    expect(read(milliseconds(10, { min: 1 }), value)).toBe(expected)
  })

  it.each([
    ['http://auth:4001', 'http://auth:4001'],
    ['http://auth:4001/', 'http://auth:4001'],
    ['https://auth.example', 'https://auth.example'],
    ['http://auth:4001/graphql', 'NAME: must be an origin without a path, like http://auth:4001'],
    ['auth:4001', 'NAME: must be an absolute http:// or https:// URL'],
    ['ftp://auth', 'NAME: must be an absolute http:// or https:// URL'],
  ])('for an origin, %j, is read as %j', (value, expected) => {
    expect(read(httpOrigin(), value)).toBe(expected)
  })

  it('for a URL may have a path', () => {
    expect(read(httpUrl(), 'http://model:8000/v1')).toBe('http://model:8000/v1')
  })

  it.each(['http://user:password@model/v1', 'http://user@model/v1', 'http://:password@model/v1'])(
    'for a URL has no credentials, which would be logged with it: %s',
    (value) => {
      expect(read(httpUrl(), value)).toBe('NAME: must be a URL without user and password in it')
      expect(read(httpOrigin(), new URL('/', value).href)).toContain('without user and password')
    },
  )

  it('for a URL is one', () => {
    expect(read(httpUrl(), 'model')).toBe('NAME: must be an absolute http:// or https:// URL')
  })

  it.each([
    ['postgres://u:p@h/d', 'postgres://u:p@h/d'],
    ['postgresql://u@%2Ftmp%2Fsocket:5432/d', 'postgresql://u@%2Ftmp%2Fsocket:5432/d'],
    [undefined, 'NAME: is required: a PostgreSQL URL such as postgres://user:password@host:5432/database'],
    ['mysql://h/d', 'NAME: must be a PostgreSQL URL such as postgres://user:password@host:5432/database'],
  ])('for a database, %j, is read as %j', (value, expected) => {
    expect(read(databaseUrl(), value)).toBe(expected)
  })

  it('for a list may have white space and empty places', () => {
    expect(read(list(), ' a, b,,c ')).toEqual(['a', 'b', 'c'])
  })
})

describe('a share', () => {
  it.each([
    ['0', 0],
    ['1', 1],
    ['1.0', 1],
    ['.5', 0.5],
    ['0.01', 0.01],
    [undefined, 1],
  ])('%s is %s', (value, share) => {
    expect(read(ratio(1), value)).toBe(share)
  })

  it.each(['1.1', '-0.5', '2', '1e-3', 'half', '0.'])('%s is none', (value) => {
    expect(read(ratio(1), value)).toBe('NAME: must be a number from 0 to 1, such as 0.01')
  })
})

describe('what every process reads', () => {
  const given = (environment: NodeJS.ProcessEnv) => readEnvironment(z.object(processEnvironment), environment)

  it('makes it listen to this machine alone, and in production to every address', () => {
    expect(hostOf(given({}))).toBe('127.0.0.1')
    expect(hostOf(given({ NODE_ENV: 'production' }))).toBe('0.0.0.0')
    expect(hostOf(given({ NODE_ENV: 'production', HOST: '10.0.0.1' }))).toBe('10.0.0.1')
  })

  it('makes it log for people, and in production for collectors', () => {
    expect(logFormatOf(given({}))).toBe('pretty')
    expect(logFormatOf(given({ NODE_ENV: 'production' }))).toBe('json')
    expect(logFormatOf(given({ LOG_FORMAT: 'json' }))).toBe('json')
  })
})
