import { describe, expect, it } from 'vitest'
import { NotFoundError } from './errors.ts'
import { UserFault, withUserErrors } from './user-fault.ts'

const EMPTY = { user: null }

describe('a mutation', () => {
  it('that works answers with its result and no user errors', async () => {
    expect(await withUserErrors(EMPTY, async () => ({ user: 'ada' }))).toEqual({ user: 'ada', userErrors: [] })
  })

  it('whose input is at fault answers with the one user error and nothing else', async () => {
    const fault = new UserFault('EMAIL_TAKEN', 'Somebody has it.', ['input', 'email'])
    expect(await withUserErrors(EMPTY, () => Promise.reject(fault))).toEqual({
      user: null,
      userErrors: [{ code: 'EMAIL_TAKEN', message: 'Somebody has it.', path: ['input', 'email'] }],
    })
  })

  it.each([new NotFoundError('conversation'), new TypeError('ours')])('leaves %s to the top level', async (error) => {
    await expect(withUserErrors(EMPTY, () => Promise.reject(error))).rejects.toBe(error)
  })
})
