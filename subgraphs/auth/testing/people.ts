import type { Role } from '../role/role.ts'
import type { AuthClient } from './auth-client.ts'
import type { RunningAuth } from './running-auth.ts'

/** Somebody who has signed up, as the tests go on with them. */
export type Person = Awaited<ReturnType<AuthClient['enter']>>

/** Signs up a new person who has these roles besides MEMBER; their access token's scope names what those permit. */
export async function enterAs({ client, sql }: Pick<RunningAuth, 'client' | 'sql'>, ...roles: Role[]): Promise<Person> {
  const { user, tokens } = await client.enter()
  await sql.query('UPDATE auth.user SET roles = $2 WHERE username = $1', [user.username, ['MEMBER', ...roles]])
  const refreshed = await client.refresh(tokens.refreshToken)
  const answer = await client.me(refreshed.tokens?.accessToken)
  if (!refreshed.tokens || !answer.data?.me) throw new Error(`Could not enter as ${roles.join(', ')}.`)
  return { user: answer.data.me, tokens: refreshed.tokens }
}
