import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BadUserInputError } from './errors.ts'
import { decodeId, encodeId, type IdPrefix, isUuid, newUuid } from './ids.ts'

const prefix = fc.constantFrom<IdPrefix>('usr', 'ses', 'cnv', 'msg', 'gen')

describe('an id', () => {
  it('stands for its UUID and nothing else', () => {
    fc.assert(
      fc.property(prefix, fc.uuid(), (kind, uuid) => {
        const id = encodeId(kind, uuid)
        expect(id).toMatch(new RegExp(`^${kind}_[0-7][0-9a-hjkmnp-tv-z]{25}$`))
        expect(decodeId(kind, id)).toBe(uuid)
      }),
    )
  })

  it('of one kind is not taken for another', () => {
    fc.assert(
      fc.property(prefix, prefix, fc.uuid(), (kind, other, uuid) => {
        fc.pre(kind !== other)
        expect(() => decodeId(other, encodeId(kind, uuid))).toThrow(BadUserInputError)
      }),
    )
  })

  it('has one spelling: whatever else is decoded is refused', () => {
    fc.assert(
      fc.property(prefix, fc.uuid(), fc.nat(29), fc.string({ minLength: 1, maxLength: 1 }), (kind, uuid, at, other) => {
        const id = encodeId(kind, uuid)
        const changed = id.slice(0, at) + other + id.slice(at + 1)
        fc.pre(changed !== id)
        try {
          expect(encodeId(kind, decodeId(kind, changed))).toBe(changed)
        } catch (error) {
          expect(error).toBeInstanceOf(BadUserInputError)
        }
      }),
    )
  })

  it('is never read out of any other text', () => {
    fc.assert(
      fc.property(prefix, fc.string(), (kind, text) => {
        expect(() => decodeId(kind, text)).toThrow(BadUserInputError)
      }),
    )
  })

  it.each([
    '',
    'usr',
    'usr_',
    '01h455vb4pex5vsknk084sn02q',
    'usr_81h455vb4pex5vsknk084sn02q',
    'USR_01H455VB4PEX5VSKNK084SN02Q',
  ])('is not %j, and the refusal says what one looks like', (text) => {
    expect(() => decodeId('usr', text)).toThrow('is not an id of this kind; such ids look like usr_….')
  })

  it('that is refused is quoted in part when it is long', () => {
    expect(() => decodeId('usr', 'x'.repeat(10_000))).toThrow(/^"x{64}" is not/)
  })
})

describe('a new UUID', () => {
  it('is of version 7 and sorts after those before it, as its id does', () => {
    const uuids = Array.from({ length: 100 }, newUuid)
    for (const uuid of uuids)
      expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(new Set(uuids).size).toBe(100)
    const milliseconds = uuids.map((uuid) => uuid.slice(0, 13))
    expect(milliseconds).toEqual(milliseconds.toSorted())
    const [early = '', late = ''] = [uuids[0], `${'f'.repeat(8)}-ffff-7fff-bfff-ffffffffffff`]
    expect(encodeId('msg', early) < encodeId('msg', late)).toBe(true)
  })
})

describe('a UUID', () => {
  it('is known by its one spelling', () => {
    fc.assert(fc.property(fc.uuid(), (uuid) => isUuid(uuid)))
    const uuid = '0190f3c2-7a5b-7c3d-8e4f-5a6b7c8d9e0f'
    for (const other of [
      uuid.toUpperCase(),
      uuid.replaceAll('-', ''),
      `{${uuid}}`,
      `${uuid}\n`,
      ` ${uuid}`,
      '',
      null,
      [uuid],
    ])
      expect(isUuid(other)).toBe(false)
  })
})
