import { describe, expect, it } from 'vitest'
import { describeError } from './error-description.ts'
import { UnauthenticatedError } from './errors.ts'

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
