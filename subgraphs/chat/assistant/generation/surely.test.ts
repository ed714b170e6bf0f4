import { expect, it } from 'vitest'
import { GenerationError } from '../model/generation-error.ts'
import { isPassing, surely } from './surely.ts'

const failure = (code: string) => Object.assign(new Error('It failed.'), { code })

it.each(['57P01', 'ECONNREFUSED', '40P01'])('does once more what failed because of %s', async (code) => {
  let tries = 0
  const work = async () => {
    tries += 1
    if (tries === 1) throw failure(code)
    return tries
  }
  expect(await surely(work)).toBe(2)
})

it('does nothing twice that would fail again, nor once it is told to stop', async () => {
  let tries = 0
  const fail = (code: string) => () => {
    tries += 1
    return Promise.reject(failure(code))
  }
  await expect(surely(fail('22003'))).rejects.toThrow('It failed.')
  await expect(surely(fail('57P01'), AbortSignal.abort(new Error('Stop.')))).rejects.toThrow('Stop.')
  expect(tries).toBe(2)
})

it('does not take a model that cannot be reached for a database that is away', () => {
  for (const code of ['ECONNREFUSED', 'ECONNRESET']) {
    expect(isPassing(failure(code))).toBe(true)
    expect(isPassing(new GenerationError('PROVIDER_UNAVAILABLE', { cause: failure(code) }))).toBe(false)
  }
})
