import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { ask, LoadUser, type Tokens } from './load-user.ts'

const AT_ONCE = 4
/** A refused sign-up is tried again so often and after so long: the limit is per minute. */
const PATIENCE_MS = 5_000
const MOST_ATTEMPTS = 240

const keptAccounts = z.record(
  z.string(),
  z.array(z.object({ username: z.string(), password: z.string() }).readonly()).readonly(),
)
type Kept = z.output<typeof keptAccounts>
type Account = Kept[string][number]
type Entered = { readonly user: { readonly id: string }; readonly tokens: Tokens | null }

/** Where accounts come from. */
export interface AccountSource {
  readonly origin: string
  readonly count: number
  /** A file of accounts that were made before, by origin; what is missing is made and added. Without it all are made. */
  readonly file?: string | undefined
  readonly signal: AbortSignal
  readonly say: (line: string) => void
}

/**
 * So many people, signed in.
 *
 * @throws Error when the deployment takes neither the kept accounts nor new ones.
 */
export async function enter({ file, ...source }: AccountSource): Promise<LoadUser[]> {
  const all = file === undefined ? {} : await readKept(file)
  const kept = all[source.origin] ?? []
  const accounts = Array.from({ length: source.count }, (_, place) => kept[place] ?? newAccount())
  const users: LoadUser[] = []
  let next = 0
  let made = kept.length
  const work = async () => {
    for (let place = next; place < accounts.length && !source.signal.aborted; place = next) {
      next += 1
      const account = accounts[place]
      if (account) users[place] = await enterOne(account, place < kept.length, source)
      if (place >= kept.length) made += 1
    }
  }
  const ends = await Promise.allSettled(Array.from({ length: AT_ONCE }, work))
  // What was made is kept also when the run is broken off: it counts against the limit of sign-ups.
  if (file !== undefined && made > kept.length) {
    const entered = accounts.filter((_, place) => place < kept.length || users[place] !== undefined)
    await keep(file, { ...all, [source.origin]: [...entered, ...kept.slice(source.count)] })
  }
  for (const end of ends) if (end.status === 'rejected') throw end.reason
  return users
}

async function enterOne(
  account: Account,
  isKept: boolean,
  { origin, signal, say }: Omit<AccountSource, 'file'>,
): Promise<LoadUser> {
  const operation = isKept ? signInOf(account) : signUpOf(account)
  for (let attempt = 0; ; attempt += 1) {
    const answer = await ask<{ entered: Entered }>(origin, operation)
    if ('data' in answer) {
      const { user, tokens } = answer.data.entered
      if (tokens) return new LoadUser(origin, { id: user.id, tokens })
      throw new Error('The deployment wants verified addresses (AUTH_REQUIRE_VERIFIED_EMAIL): load one that does not.')
    }
    if (answer.code !== 'RATE_LIMITED' || attempt === MOST_ATTEMPTS || signal.aborted) {
      const hint = isKept ? ' If the deployment has a new database, delete the file of --accounts.' : ''
      throw new Error(`A test account could not ${isKept ? 'sign in' : 'sign up'}: ${answer.code}.${hint}`)
    }
    if (attempt === 0) {
      say(
        'Sign-ups are limited per address; waiting. Start the deployment with a higher RATE_LIMIT_SIGN_UP to go faster.',
      )
    }
    await delay(PATIENCE_MS, undefined, { signal }).catch(() => undefined)
  }
}

const newAccount = (): Account => ({
  username: `load-${randomBytes(6).toString('hex')}`,
  password: randomBytes(18).toString('base64url'),
})

const signUpOf = ({ username, password }: Account) => ({
  query: `mutation SignUp($input: SignUpInput!) {
    entered: signUp(input: $input) { user { id } tokens { ${TOKENS} } userErrors { code } }
  }`,
  variables: { input: { username, password, email: `${username}@example.org` } },
})

const signInOf = ({ username, password }: Account) => ({
  query: `mutation SignIn($input: SignInInput!) {
    entered: signIn(input: $input) { user { id } tokens { ${TOKENS} } userErrors { code } }
  }`,
  variables: { input: { login: username, password } },
})

const TOKENS = 'accessToken refreshToken expiresAt'

async function readKept(file: string): Promise<Kept> {
  const text = await readFile(file, 'utf8').catch(() => '{}')
  return keptAccounts.parse(JSON.parse(text))
}

async function keep(file: string, accounts: Kept): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, JSON.stringify(accounts), { mode: 0o600 })
}
