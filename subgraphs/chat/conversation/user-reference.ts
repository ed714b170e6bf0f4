import { encodeId } from '../../../platform/ids.ts'

/** A person as chat's graph refers to them. */
export interface UserReference {
  /** `usr_…` */
  readonly id: string
}

/** The person with this UUID; null for nobody. */
export function userReference(uuid: string): UserReference
export function userReference(uuid: string | null | undefined): UserReference | null
export function userReference(uuid: string | null | undefined): UserReference | null {
  return uuid == null ? null : { id: encodeId('usr', uuid) }
}
