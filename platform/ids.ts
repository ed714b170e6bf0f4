import { TypeID, typeid } from 'typeid-js'
import { BadUserInputError } from './errors.ts'

/** What an id names. */
export type IdPrefix = 'usr' | 'ses' | 'aud' | 'cnv' | 'msg' | 'gen' | 'ver' | 'tcl'

/** A new time-ordered UUIDv7 (RFC 9562), as the database stores it. */
export function newUuid(): string {
  return typeid('new').toUUID()
}

/** The UUID before all others: where a walk in their order begins (nil, RFC 9562). */
export const BEFORE_ALL = '00000000-0000-0000-0000-000000000000'

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/

/** Whether it is a UUID of any version in the one spelling that the database gives out: lower case, with hyphens. */
export function isUuid(value: unknown): value is string {
  return typeof value === 'string' && UUID.test(value)
}

/** The opaque id that clients see: a TypeID (typeid spec 0.3), such as `usr_01jd…`. */
export function encodeId(prefix: IdPrefix, uuid: string): string {
  return TypeID.fromUUID(prefix, uuid).toString()
}

/**
 * The UUID behind a client's id.
 *
 * @throws BadUserInputError when the id is malformed or names something else.
 */
export function decodeId(prefix: IdPrefix, id: string): string {
  try {
    const decoded = TypeID.fromString(id, prefix)
    // Lenient base32 would let two spellings name one object.
    if (decoded.toString() === id && encodeId(prefix, decoded.toUUID()) === id) return decoded.toUUID()
  } catch {}
  throw new BadUserInputError(`"${id.slice(0, 64)}" is not an id of this kind; such ids look like ${prefix}_….`)
}
