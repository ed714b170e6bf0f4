import { defineEntity, p } from '@mikro-orm/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createTestDatabase } from '../tests/support/test-database.ts'
import { openDatabase } from './database.ts'
import { describeError } from './error-description.ts'
import { UnauthenticatedError } from './errors.ts'
import { createLogger } from './logging.ts'

const Thing = defineEntity({ name: 'Thing', properties: { id: p.integer().primary() } })
const logger = createLogger({ name: 'test', level: 'silent', format: 'json' })

describe('the description of an error', () => {
  it('leaves out what the database quotes of the row it refused', () => {
    const error = Object.assign(
      new Error('new row violates check constraint "small"\n - detail: Failing row contains (7, hunter2).'),
      { code: '23514', constraint: 'small', detail: 'hunter2', query: "insert … 'hunter2'", parameters: ['hunter2'] },
    )
    const description = describeError(error)
    expect(description).toMatchObject({ type: 'Error', code: '23514', constraint: 'small' })
    expect(description.message).toBe('new row violates check constraint "small"')
    expect(JSON.stringify(description)).not.toContain('hunter2')
  })

  it('leaves out what the database quotes to its last line', () => {
    const error = new Error(
      'it is refused\n - detail: Failing row contains (7, one\n  at hunter2\nhunter2).\n - hint: No.',
    )
    expect(describeError(error)).toMatchObject({ message: 'it is refused' })
    expect(JSON.stringify(describeError(error))).not.toContain('hunter2')
  })

  it.each([
    ['SELECT ?::uuid', '22P02', 'invalid input syntax for type uuid: "[redacted]"'],
    ['SELECT ?::timestamptz', '22007', 'invalid input syntax for type timestamp with time zone: "[redacted]"'],
    ['SELECT ?::integer', '22P02', 'invalid input syntax for type integer: "[redacted]"'],
  ])('leaves out the value that the database could not read: %s', async (sql, code, message) => {
    await using database = await createTestDatabase()
    const orm = await openDatabase({ url: database.url, schema: 'things', entities: [Thing], migrations: [], logger })
    onTestFinished(() => orm.close(true))
    const failing = orm.em.fork().execute(sql, ['hunter2" hunter2\n  at hunter2'])
    const error: unknown = await failing.catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ message: expect.stringContaining('hunter2') })
    const description = describeError(new Error('it failed', { cause: error }))
    expect(description.cause).toMatchObject({ code, message })
    expect(JSON.stringify(description)).not.toContain('hunter2')
  })

  it('tells where it happened, and what was behind it', () => {
    const cause = new TypeError('the database is away')
    const description = describeError(new UnauthenticatedError({ cause }))
    expect(description.type).toBe('UnauthenticatedError')
    expect(description.stack).toContain('error-description.test.ts')
    expect(description.cause).toMatchObject({ type: 'TypeError', message: 'the database is away' })
  })

  it('ends with an error that is its own cause, and takes what is none', () => {
    const error = new Error('round')
    error.cause = error
    expect(JSON.stringify(describeError(error)).match(/"round"/g)?.length).toBeLessThan(10)
    expect(describeError('a text')).toEqual({ type: 'string', message: 'a text', stack: '' })
  })
})
