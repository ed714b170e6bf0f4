import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { inLogScope, outsideLogScopes } from './log-scope.ts'
import { createLogger, type Logger } from './logging.ts'

const FIXTURE = fileURLToPath(new URL('testing/logging.fixture.ts', import.meta.url))
const NODE = fileURLToPath(new URL('../scripts/node.cjs', import.meta.url))

/** What a logger writes of this, a line each. */
function linesOf(write: (logger: Logger) => void): Record<string, unknown>[] {
  const lines: Record<string, unknown>[] = []
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) }
  write(createLogger({ name: 'test', level: 'trace', format: 'json', destination }))
  return lines
}

/** A process that logs these records, in this format; all that it says. */
async function logged(records: readonly object[], format: 'json' | 'pretty'): Promise<string> {
  const process_ = spawn(process.execPath, [NODE, FIXTURE], { env: { ...process.env, LOG_FORMAT: format } })
  process_.stdin.end(records.map((record) => `${JSON.stringify(record)}\n`).join(''))
  return (await Promise.all([text(process_.stdout), text(process_.stderr)])).join('')
}

const secrets = fc.stringMatching(/^[a-z\d]{24}$/)
const SECRET_KEYS = [
  ...['authorization', 'Authorization', 'proxy-authorization', 'cookie', 'set-cookie', 'x-parley-signature'],
  ...['password', 'newPassword', 'ADMIN_PASSWORD', 'token', 'accessToken', 'refresh_token', 'totpSecret', 'totpCode'],
  ...[
    'recoveryCodes',
    'OPENAI_API_KEY',
    'x-api-key',
    'JWT_SIGNING_KEY',
    'SERVICE_SECRET',
    'connectionParams',
    'tokens',
  ],
]
const step = fc.oneof(
  fc.constantFrom('headers', 'req', 'extensions', 'input', 'variables', 'errors', 'payload', 'cause', 'a.b', ''),
  fc.constant(0),
)
/** Ways in which what is secret is worn: as it is, in a list, as a name within. */
const dressed = (secret: string) =>
  fc.constantFrom<unknown>(secret, [secret], [[secret], 'x'], { value: secret }, { inner: { list: [secret] } })

/** A record in which a secret lies at some depth, in objects and lists, under a name that says so. */
const planted = fc
  .tuple(fc.array(step, { maxLength: 14 }), fc.constantFrom(...SECRET_KEYS), secrets)
  .chain(([path, key, secret]) =>
    dressed(secret).map((value) => ({
      secret,
      record: {
        at: path.reduceRight<unknown>((inner, at) => (at === 0 ? [inner] : { [at]: inner }), { [key]: value }),
      },
    })),
  )

/** A text in which a secret stands in the way in which such texts have them. */
const told = secrets.chain((secret) =>
  fc
    .constantFrom(
      `could not connect to postgresql://parley:${secret}@db.example:5432/parley`,
      `postgresql://parley:p@${secret}:@db.example/parley is away`,
      `nats://${secret}@bus.example refused us; smtp://mailer:${secret}@mail.example?pool=1`,
      `password authentication failed: password=${secret} host=db`,
      `GET /?access_token=${secret}&a=1`,
      `Authorization: Bearer ${secret}`,
      `Incorrect API key provided: sk-${secret}`,
      `the token eyJhbGciOi.${secret}.${secret} is old`,
      `$argon2id$v=19$m=65536,t=3,p=4$${secret}$${secret} does not match`,
      `-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----`,
      `Unexpected token in ${JSON.stringify({ user: 'a', password: `quo"te\\${secret}` })}`,
    )
    .map((message) => ({ secret, message })),
)

describe('a line of the log', () => {
  it('says when, how urgent, from whom and for which request, and then what', () => {
    const [line] = linesOf((logger) => inLogScope({ requestId: 'r-1' }, () => logger.warn({ port: 1 }, 'look')))
    expect(Object.keys(line ?? {}).filter((key) => key !== 'pid' && key !== 'hostname')).toEqual(
      expect.arrayContaining(['level', 'time', 'name', 'requestId', 'port', 'msg']),
    )
    expect(line).toMatchObject({ level: 40, name: 'test', requestId: 'r-1', port: 1, msg: 'look' })
  })

  it('is about the request that it names itself, and about none outside of all', async () => {
    const lines = linesOf((logger) => {
      inLogScope({ requestId: 'outer' }, () => {
        logger.info({ requestId: 'inner' }, 'one')
        outsideLogScopes(() => logger.info('two'))
      })
    })
    expect(lines.map(({ requestId }) => requestId)).toEqual(['inner', undefined])
  })

  it('has what is thrown described, whatever it is', () => {
    const failure = Object.assign(new TypeError('broken', { cause: new Error('below') }), { parameters: ['hunter2'] })
    const lines = linesOf((logger) => {
      logger.error({ err: failure }, 'one')
      logger.error({ err: 'a text', reasons: [failure] }, 'two')
    })
    expect(lines[0]).toMatchObject({ err: { type: 'TypeError', message: 'broken', cause: { message: 'below' } } })
    expect(lines[1]).toMatchObject({ err: { type: 'string', message: 'a text' }, reasons: [{ message: 'broken' }] })
    expect(JSON.stringify(lines)).not.toContain('hunter2')
  })

  it('keeps what is no secret: counts of tokens, addresses without a user, and values that are not there', () => {
    const record = {
      inputTokens: 12,
      tokens: 3,
      of: { it: { token: null } },
      url: 'http://127.0.0.1:4000/a@b',
      at: new Date(0),
      ok: true,
    }
    expect(linesOf((logger) => logger.info(record, 'x'))[0]).toMatchObject({ ...record, at: record.at.toJSON() })
  })

  it('comes to an end with what contains itself, and with bytes', () => {
    const round: Record<string, unknown> = { bytes: Buffer.from('hunter2') }
    round.again = { round }
    expect(linesOf((logger) => logger.info(round, 'x'))[0]).toMatchObject({
      bytes: '[bytes]',
      again: { round: { bytes: '[bytes]', again: '[circular]' } },
    })
  })
})

describe('a secret', () => {
  it('is in no line, wherever it was planted', () => {
    const property = fc.property(planted, ({ record, secret }) => {
      const lines = linesOf((logger) => {
        logger.info(record, 'a record')
        inLogScope(record as object, () => logger.info('within a scope'))
        logger.warn({ err: new Error('outside', { cause: record }) }, 'a cause')
      })
      expect(lines).toHaveLength(3)
      expect(JSON.stringify(lines)).not.toContain(secret)
    })
    fc.assert(property, { numRuns: 500 })
  })

  it('is in no line, whatever text tells it', () => {
    const property = fc.property(told, ({ message, secret }) => {
      const lines = linesOf((logger) => {
        logger.info({ reason: message, list: [{ message }] }, message)
        logger.warn({ err: new Error(message, { cause: new Error(message) }) }, 'an error')
        logger.warn({ err: message }, JSON.stringify({ message }))
      })
      expect(lines).toHaveLength(3)
      expect(JSON.stringify(lines)).not.toContain(secret)
    })
    fc.assert(property, { numRuns: 500 })
  })

  it('is in no line of a child, wherever in what it is bound to it was planted', () => {
    const property = fc.property(planted, ({ record, secret }) => {
      const lines = linesOf((logger) => {
        const child = logger.child(record)
        child.info('of a child')
        child.child({ inner: record, err: new Error('bound', { cause: record }) }).info('of its own child')
        child.setBindings(record)
        child.info('of a child that was bound anew')
      })
      expect(lines).toHaveLength(3)
      expect(JSON.stringify(lines)).not.toContain(secret)
    })
    fc.assert(property, { numRuns: 200 })
  })

  it.each(['json', 'pretty'] as const)('is not in what a process writes as %s', async (format) => {
    const samples = [
      ...fc.sample(planted, 150).map(({ record, secret }) => ({ secret, record: { ...record, message: 'a record' } })),
      ...fc.sample(told, 150).map(({ message, secret }) => ({ secret, record: { message, reason: message } })),
    ]
    const output = await logged(
      samples.map(({ record }) => record),
      format,
    )
    expect(output.match(/fixture/g)?.length).toBeGreaterThanOrEqual(samples.length)
    expect(samples.filter(({ secret }) => output.includes(secret))).toEqual([])
  })
})
