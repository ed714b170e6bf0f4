import { decodeId } from '../../../platform/ids.ts'
import { enterAs, type Person } from './people.ts'
import type { RunningAuth } from './running-auth.ts'

/** What a mutation of the administration answers with; `user` or `revokedCount`, as it has them. */
export interface Payload {
  user?: { id: string; [field: string]: unknown } | null
  revokedCount?: number
  userErrors: { code: string; path: string[] }[]
}

const USER = 'user { id username displayName email emailVerified avatarUrl roles status createdAt }'
const FIELDS = {
  createUser: ['CreateUserInput', USER],
  updateUser: ['UpdateUserInput', USER],
  setUserRoles: ['SetUserRolesInput', USER],
  suspendUser: ['SuspendUserInput', USER],
  restoreUser: ['UserIdInput', USER],
  revokeUserSessions: ['UserIdInput', 'revokedCount'],
} as const

export type AdministrationField = keyof typeof FIELDS

/** An administrator at work, who also looks behind the curtain. */
export class Administrator {
  readonly person: Person
  readonly #auth: Pick<RunningAuth, 'client' | 'sql'>

  private constructor(auth: Pick<RunningAuth, 'client' | 'sql'>, person: Person) {
    this.#auth = auth
    this.person = person
  }

  static async enter(auth: Pick<RunningAuth, 'client' | 'sql'>): Promise<Administrator> {
    return new Administrator(auth, await enterAs(auth, 'ADMIN'))
  }

  /** The whole answer: to the administrator, to whose access token is given, or with null to nobody. */
  ask(field: AdministrationField, input: object, accessToken: string | null = this.person.tokens.accessToken) {
    const [type, result] = FIELDS[field]
    const query = `mutation ($input: ${type}!) { result: ${field}(input: $input) { ${result} userErrors { code path } } }`
    return this.#auth.client.query<{ result: Payload | null }>(query, { input }, accessToken ?? undefined)
  }

  /** The payload of what must not fail. */
  async does(field: AdministrationField, input: object): Promise<Payload> {
    const { data, errors } = await this.ask(field, input)
    if (data?.result) return data.result
    throw new Error(`${field} failed: ${JSON.stringify(errors)}`)
  }

  /** What the audit log tells of a user beside sign-ups and sign-ins, oldest first. */
  async auditOf(id: string): Promise<{ action: string; details: string | null; byAdmin: boolean }[]> {
    const { rows } = await this.#auth.sql.query(
      `SELECT action, details, actor_id = $2 AS "byAdmin" FROM auth.audit_event
       WHERE subject_id = $1 AND action NOT IN ('user.signed_up', 'session.opened') ORDER BY id`,
      [decodeId('usr', id), decodeId('usr', this.person.user.id)],
    )
    return rows
  }

  /** The user's row in the table. */
  async rowOf(id: string) {
    const { rows } = await this.#auth.sql.query('SELECT * FROM auth.user WHERE id = $1', [decodeId('usr', id)])
    return rows[0]
  }
}
