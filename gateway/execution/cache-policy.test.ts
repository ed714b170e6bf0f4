import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CachePolicy } from './cache-policy.ts'

function policyOf(...said: (string | undefined)[]): CachePolicy {
  const policy = new CachePolicy()
  for (const cacheControl of said) policy.restrict(cacheControl === undefined ? {} : { cacheControl })
  return policy
}

describe('how long an answer of several subgraphs may be kept', () => {
  it.each([
    [['max-age=60, public'], 'max-age=60, public'],
    [['max-age=60, public', 'public, max-age=30'], 'max-age=30, public'],
    [['max-age=60, public', 'max-age=90'], 'max-age=60, private'],
    [['max-age=60, public', 'private, max-age=90'], 'max-age=60, private'],
    [['Max-Age="60" , PUBLIC'], 'max-age=60, public'],
    [['max-age=60, s-maxage=600, public, stale-while-revalidate=9'], 'max-age=60, public'],
    [['max-age=600, s-maxage=60, public'], 'max-age=60, public'],
    [['max-age=60, max-age=30, public'], 'max-age=30, public'],
    [['max-age=60, public', 'max-age=60, public, must-revalidate'], 'max-age=60, public, must-revalidate'],
  ])('%j is %s', (said, header) => {
    expect(policyOf(...said).header(true)).toBe(header)
  })

  it.each([
    [[]],
    [[undefined]],
    [['']],
    [['max-age=60, public', undefined]],
    [['no-store']],
    [['max-age=60, no-cache']],
    [['max-age=0, public']],
    [['max-age=-1']],
    [['max-age=soon']],
    [['max-age=99999999999']],
    [['s-maxage=60, public']],
    [['max-age=60, s-maxage=0, public']],
    [['max-age=60, max-age=soon, public']],
  ])('after %j is not at all', (said) => {
    expect(policyOf(...said).header(true)).toBeUndefined()
  })

  it.each([
    [{ age: '20' }, 'max-age=40, public'],
    [{ age: '60' }, undefined],
    [{ age: '600' }, undefined],
    [{ vary: 'Origin, accept-encoding' }, 'max-age=60, public'],
    [{ vary: '*' }, undefined],
    [{ vary: 'authorization, x-forwarded-for' }, undefined],
  ])('is less for what is old already, and nothing for what varies by more: %j', (more, header) => {
    const policy = new CachePolicy()
    policy.restrict({ cacheControl: 'max-age=60, public', ...more })
    expect(policy.header(true)).toBe(header)
  })

  it('is for nobody else when somebody is signed in', () => {
    expect(policyOf('max-age=60, public').header(false)).toBe('max-age=60, private')
  })

  it('does not depend on their order, and is never longer than one of them', () => {
    const said = fc.record({
      seconds: fc.nat({ max: 100 }),
      whose: fc.constantFrom('public', 'private', 'no-store', 'must-revalidate'),
    })
    fc.assert(
      fc.property(fc.array(said, { minLength: 1, maxLength: 5 }), (all) => {
        const headers = all.map(({ seconds, whose }) => `max-age=${seconds}, ${whose}`)
        const header = policyOf(...headers).header(true)
        expect(policyOf(...headers.toReversed()).header(true)).toBe(header)
        const least = Math.min(...all.map(({ seconds, whose }) => (whose === 'no-store' ? 0 : seconds)))
        const scope = all.every(({ whose }) => whose === 'public') ? 'public' : 'private'
        const more = all.some(({ whose }) => whose === 'must-revalidate') ? ', must-revalidate' : ''
        expect(header).toBe(least === 0 ? undefined : `max-age=${least}, ${scope}${more}`)
      }),
      { seed: 1 },
    )
  })
})
