import { generateKeyPairSync } from 'node:crypto'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodeId } from '../../../platform/ids.ts'
import { readAuthConfig } from '../config.ts'
import { startAuth } from '../subgraph.ts'
import { AuthClient, ManualClock, testEnvironment } from '../testing/auth-client.ts'
import { enterAs } from '../testing/people.ts'
import { type RunningAuth, startTestAuth } from '../testing/running-auth.ts'
import { AppOwner } from './testing/app-owner.ts'
import { FactorDatabase } from './testing/factor-database.ts'

const STEP = 30
const clock = new ManualClock()
let auth: RunningAuth
let client: RunningAuth['client']
let sql: RunningAuth['sql']
let database: FactorDatabase

beforeAll(async () => {
  auth = await startTestAuth(clock)
  ;({ client, sql } = auth)
  database = new FactorDatabase(auth)
  await database.rememberMails()
})

afterAll(() => auth?.[Symbol.asyncDispose]())

const enter = () => AppOwner.enter(client, clock)
const enrolled = () => AppOwner.enrolled(client, clock)

describe('The life of a second factor', () => {
  test('begins with a secret that changes nothing until a code of it confirms it', async () => {
    const owner = await enter()
    const { secret, otpauthUrl, userErrors } = await owner.begin()
    expect(userErrors).toEqual([])
    expect(secret).toMatch(/^[A-Z2-7]{32}$/)
    expect(otpauthUrl).toBe(
      `otpauth://totp/Parley:${encodeURIComponent(owner.person.email)}?secret=${secret}&issuer=Parley`,
    )
    expect([await owner.totpEnabled(), await owner.signIn()]).toEqual([false, 'DONE'])
    expect(await owner.confirm(owner.wrongCode())).toBe('INVALID_CODE')
    expect([await owner.totpEnabled(), await owner.signIn()]).toEqual([false, 'DONE'])
    expect(await owner.confirm(owner.code())).toBe('DONE')
    expect([await owner.totpEnabled(), await owner.signIn()]).toEqual([true, 'TOTP_REQUIRED'])
    expect(new Set(owner.recoveryCodes).size).toBe(10)
    expect(await database.auditOf(owner)).toEqual(['totp.enabled'])
    expect(await database.noticesTo(owner)).toBe(1)
  })

  test('asks at each sign-in, and accepts each code once', async () => {
    const owner = await enter()
    await owner.begin()
    await owner.confirm(owner.code())
    expect(await owner.signIn(owner.code())).toBe('INVALID_CODE')
    for (let step = 0; step < 2; step++) {
      clock.advance(STEP)
      expect(await owner.signIn(owner.code())).toBe('DONE')
      expect(await owner.signIn(owner.code())).toBe('INVALID_CODE')
    }
  })

  test('accepts the code of one step ago, once, and none of two steps ago', async () => {
    const owner = await enrolled()
    expect(await owner.signIn(owner.code(-2))).toBe('INVALID_CODE')
    expect(await owner.signIn(owner.code(-1))).toBe('DONE')
    expect(await owner.signIn(owner.code(-1))).toBe('INVALID_CODE')
    expect(await owner.signIn(owner.code())).toBe('DONE')
  })

  test('accepts the code of an app that is one step fast, and after it no earlier one', async () => {
    const owner = await enrolled()
    expect(await owner.signIn(owner.code(2))).toBe('INVALID_CODE')
    expect(await owner.signIn(owner.code(1))).toBe('DONE')
    expect(await owner.signIn(owner.code())).toBe('INVALID_CODE')
    expect(await owner.signIn(owner.code(1))).toBe('INVALID_CODE')
  })

  test('lets one of five sign-ins pass that send the same code at once', async () => {
    const owner = await enrolled()
    const outcomes = await database.fiveAtOnce('totp', owner, () => owner.signIn(owner.code()))
    expect(outcomes).toEqual(['DONE', ...Array(4).fill('INVALID_CODE')])
  })

  test('reads a code through spaces, hyphens and full-width digits', async () => {
    const owner = await enrolled()
    const fullWidth = owner.code().replace(/\d/g, (digit) => String.fromCharCode(digit.charCodeAt(0) + 0xfee0))
    expect(await owner.signIn(` ${fullWidth.slice(0, 3)}-${fullWidth.slice(3)} `)).toBe('DONE')
  })

  test.each([undefined, null, '', ' - '])('takes %j for no code', async (nothing) => {
    expect(await (await enrolled()).signIn(nothing)).toBe('TOTP_REQUIRED')
  })

  test('answers with the field at fault and never with the code', async () => {
    const owner = await enrolled()
    const path = ['input', 'totpCode']
    expect(await owner.signInErrors()).toEqual([{ code: 'TOTP_REQUIRED', message: expect.any(String), path }])
    const wrong = owner.wrongCode()
    const errors = await owner.signInErrors(wrong)
    expect(errors).toEqual([{ code: 'INVALID_CODE', message: expect.any(String), path }])
    expect(errors?.[0]?.message).not.toContain(wrong)
  })

  test('ends no session of its owner, who goes on with the old access token', async () => {
    const owner = await enter()
    const other = await client.signIn(owner.person.username, owner.person.password)
    await owner.begin()
    await owner.confirm(owner.code())
    expect(await owner.totpEnabled(other.tokens?.accessToken)).toBe(true)
  })

  test('is seen by its owner and by who may read users, and by nobody else', async () => {
    const owner = await enrolled()
    const [stranger, admin] = [await client.enter(), await enterAs(auth, 'ADMIN')]
    expect(await owner.totpEnabled()).toBe(true)
    expect(await owner.totpEnabled(admin.tokens.accessToken)).toBe(true)
    expect(await owner.totpEnabled(stranger.tokens.accessToken)).toBeNull()
  })
})

describe('Beginning', () => {
  test('again replaces what was not confirmed', async () => {
    const owner = await enter()
    await owner.begin()
    const first = owner.code()
    await owner.begin()
    expect(owner.code()).not.toBe(first)
    expect(await owner.confirm(first)).toBe('INVALID_CODE')
    expect(await owner.confirm(owner.code())).toBe('DONE')
  })

  test('is refused while a second factor is in force, which stays as it is', async () => {
    const owner = await enrolled()
    expect(await owner.begin()).toEqual({
      secret: null,
      otpauthUrl: null,
      userErrors: [{ code: 'FORBIDDEN', message: expect.any(String), path: [] }],
    })
    expect(await owner.signIn(owner.code())).toBe('DONE')
  })

  test('and all the rest is UNAUTHENTICATED to somebody who is not signed in', async () => {
    const mutations = [
      'beginTotp { secret }',
      'confirmTotp(input: { code: "123456" }) { recoveryCodes }',
      'disableTotp(input: { password: "correct horse battery", code: "123456" }) { user { id } }',
    ]
    for (const mutation of mutations) {
      const { errors } = await client.query(`mutation { ${mutation} }`, {})
      expect(errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }])
    }
  })
})

describe('Confirming', () => {
  test('is NOT_FOUND before a beginning, and once the second factor is in force', async () => {
    expect(await (await enter()).confirm('123456')).toBe('NOT_FOUND')
    const owner = await enrolled()
    expect(await owner.confirm(owner.code())).toBe('NOT_FOUND')
  })

  test('takes no recovery code', async () => {
    const [owner, other] = [await enter(), await enrolled()]
    await owner.begin()
    expect(await owner.confirm(other.recoveryCodes[0] ?? '')).toBe('INVALID_CODE')
  })

  test('five times at once gives ten recovery codes to one of them', async () => {
    const owner = await enter()
    await owner.begin()
    const outcomes = await database.fiveAtOnce('totp', owner, () => owner.confirm(owner.code()))
    expect(outcomes).toEqual(['DONE', ...Array(4).fill('INVALID_CODE')])
    expect(await database.stored(owner)).toEqual({ confirmed: true, codes: 10 })
    expect(await owner.signIn(owner.recoveryCodes[0])).toBe('DONE')
  })

  test('stores all of it or nothing', async () => {
    const owner = await enter()
    await owner.begin()
    await database.withoutAuditOf('totp.enabled', async () => {
      expect(await owner.confirm(owner.code())).toBe('INTERNAL_SERVER_ERROR')
    })
    expect(await database.stored(owner)).toEqual({ confirmed: false, codes: 0 })
    expect(await owner.confirm(owner.code())).toBe('DONE')
  })
})

describe('Disabling', () => {
  test('takes the password and a code, and then nothing is asked for or stored any more', async () => {
    const owner = await enrolled()
    expect(await owner.disable(owner.code(), 'not the password')).toBe('INVALID_CREDENTIALS')
    expect(await owner.disable(owner.wrongCode())).toBe('INVALID_CODE')
    expect(await owner.totpEnabled()).toBe(true)
    expect(await owner.disable(owner.code())).toBe('DONE')
    expect([await owner.totpEnabled(), await owner.signIn()]).toEqual([false, 'DONE'])
    expect(await database.stored(owner)).toEqual({ confirmed: null, codes: 0 })
    expect(await database.auditOf(owner)).toEqual(['totp.enabled', 'totp.disabled'])
    expect(await database.noticesTo(owner)).toBe(2)
  })

  test('takes a recovery code as well', async () => {
    const owner = await enrolled()
    expect(await owner.disable(owner.recoveryCodes[9] ?? '')).toBe('DONE')
    expect(await database.auditOf(owner)).toEqual(['totp.enabled', 'totp.recovery_code_used', 'totp.disabled'])
  })

  test('makes room for another app, to which the old codes mean nothing', async () => {
    const owner = await enrolled()
    const [old = ''] = owner.recoveryCodes
    await owner.disable(owner.code())
    await owner.begin()
    expect(await owner.confirm(owner.code())).toBe('DONE')
    expect(await owner.signIn(old)).toBe('INVALID_CODE')
    expect(await owner.signIn(owner.recoveryCodes[0])).toBe('DONE')
  })

  test('is NOT_FOUND when there is no second factor, or one that was only begun', async () => {
    const owner = await enter()
    expect(await owner.disable('123456')).toBe('NOT_FOUND')
    await owner.begin()
    expect(await owner.disable(owner.code())).toBe('NOT_FOUND')
  })
})

describe('The database', () => {
  test('holds no secret and no code that could be used', async () => {
    const owner = await enrolled()
    await owner.signIn(owner.recoveryCodes[0])
    await sql.query(`SET xmlbinary = 'hex'`)
    const { rows } = await sql.query<{ dump: string }>(
      `SELECT string_agg(query_to_xml(format('TABLE %I.%I', schemaname, tablename), true, true, '')::text, '') AS dump
       FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
    )
    const dump = rows[0]?.dump.toLowerCase() ?? ''
    expect(dump).toContain(owner.person.username)
    const codes = owner.recoveryCodes.flatMap((code) => [code, code.replace('-', '')])
    const texts = [owner.secret, ...codes]
    const bytes = [owner.secretBytes(), ...texts.map((text) => Buffer.from(text))]
    const encoded = bytes.flatMap((secret) => [secret.toString('hex'), secret.toString('base64')])
    for (const secret of [...texts, ...encoded]) expect(dump).not.toContain(secret.toLowerCase())
  })
})

describe('Under another JWT_SIGNING_KEY', () => {
  test('no code is good, and the log says why without saying any', async () => {
    const owner = await enrolled()
    const lines: string[] = []
    const logger = pino({ level: 'error' }, { write: (line: string) => lines.push(line) })
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const JWT_SIGNING_KEY = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const config = readAuthConfig({ ...testEnvironment(auth.databaseUrl), JWT_SIGNING_KEY })
    await using replacement = await startAuth(config, { now: clock.now, logger })
    const there = owner.at(new AuthClient(replacement.url, clock))
    lines.splice(0)
    expect(await there.signIn()).toBe('TOTP_REQUIRED')
    expect(lines).toEqual([])
    expect(await there.signIn(owner.code())).toBe('INVALID_CODE')
    expect(lines).toHaveLength(1)
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      userId: decodeId('usr', owner.id),
      msg: expect.stringContaining('sealed under another JWT_SIGNING_KEY'),
    })
    expect(lines[0]).not.toContain(owner.code())
    expect(await there.signIn(owner.recoveryCodes[0])).toBe('INVALID_CODE')
    expect(await owner.signIn(owner.code())).toBe('DONE')
  })
})
