import { generateSync, ScureBase32Plugin } from 'otplib'
import { type AuthClient, type ManualClock, newPerson } from '../../testing/auth-client.ts'

const STEP_SECONDS = 30

interface Refusal {
  code: string
  message: string
  path: string[]
}

type Payload<Fields> = Fields & { userErrors: Refusal[] }
type Answer<Fields> = { data?: { result: Payload<Fields> | null } | null; errors?: { extensions: { code: string } }[] }
type Setup = { secret: string | null; otpauthUrl: string | null }

const ERRORS = 'userErrors { code message path }'
const SIGN_IN = `mutation ($input: SignInInput!) {
  result: signIn(input: $input) { tokens { accessToken } ${ERRORS} }
}`
const BEGIN = `mutation { result: beginTotp { secret otpauthUrl ${ERRORS} } }`
const CONFIRM = `mutation ($input: ConfirmTotpInput!) { result: confirmTotp(input: $input) { recoveryCodes ${ERRORS} } }`
const DISABLE = `mutation ($input: DisableTotpInput!) {
  result: disableTotp(input: $input) { user { totpEnabled } ${ERRORS} }
}`

/** Somebody with an account and an authenticator app, which tells the time by the test's clock. */
export class AppOwner {
  readonly person: ReturnType<typeof newPerson>
  readonly #client: AuthClient
  readonly #clock: ManualClock
  #accessToken = ''
  /** `usr_…` */
  id = ''
  /** What the app was told: base32. */
  secret = ''
  recoveryCodes: string[] = []

  constructor(client: AuthClient, clock: ManualClock, person = newPerson()) {
    this.#client = client
    this.#clock = clock
    this.person = person
  }

  /** Signs up, without a second factor. */
  static async enter(client: AuthClient, clock: ManualClock): Promise<AppOwner> {
    const owner = new AppOwner(client, clock)
    const { user, tokens } = await client.signUp(owner.person)
    if (!user || !tokens) throw new Error('The sign-up was refused.')
    owner.id = user.id
    owner.#accessToken = tokens.accessToken
    return owner
  }

  /** Signs up and puts the second factor in force, with the code of a step that is over for good. */
  static async enrolled(client: AuthClient, clock: ManualClock): Promise<AppOwner> {
    const owner = await AppOwner.enter(client, clock)
    await owner.begin()
    const outcome = await owner.confirm(owner.code())
    if (outcome !== 'DONE') throw new Error(`The confirmation was refused: ${outcome}`)
    clock.advance(3 * STEP_SECONDS)
    return owner
  }

  /** The same person with the same app, at another server on the same database. */
  at(client: AuthClient): AppOwner {
    const elsewhere = new AppOwner(client, this.#clock, this.person)
    return Object.assign(elsewhere, { id: this.id, secret: this.secret, recoveryCodes: this.recoveryCodes })
  }

  /** The secret as the server has it in memory. */
  secretBytes(): Buffer {
    return Buffer.from(new ScureBase32Plugin().decode(this.secret))
  }

  /** The code that the app shows now, or so many steps later. */
  code(steps = 0): string {
    const epoch = Math.floor(this.#clock.now().getTime() / 1000) + steps * STEP_SECONDS
    return generateSync({ secret: this.secret, epoch })
  }

  /** Six digits that are no code of about now. */
  wrongCode(): string {
    const right = new Set([-2, -1, 0, 1, 2].map((steps) => this.code(steps)))
    const wrong = ['000000', '111111', '222222', '333333', '444444', '555555'].find((code) => !right.has(code))
    return wrong ?? ''
  }

  /** `DONE`, or the code of the error. */
  async signIn(totpCode?: string | null): Promise<string> {
    return outcomeOf(await this.#send(SIGN_IN, this.#credentials(totpCode)))
  }

  /** The sign-in's user errors in full. */
  async signInErrors(totpCode?: string): Promise<Refusal[] | undefined> {
    const { data } = await this.#send<object>(SIGN_IN, this.#credentials(totpCode))
    return data?.result?.userErrors
  }

  /** Begins, and tells the app. */
  async begin(): Promise<Payload<Setup>> {
    const { data, errors } = await this.#send<Setup>(BEGIN)
    if (!data?.result) throw new Error(`Could not begin: ${JSON.stringify(errors)}`)
    this.secret = data.result.secret ?? this.secret
    return data.result
  }

  async confirm(code: string): Promise<string> {
    const answer = await this.#send<{ recoveryCodes: string[] | null }>(CONFIRM, { code })
    this.recoveryCodes = answer.data?.result?.recoveryCodes ?? this.recoveryCodes
    return outcomeOf(answer)
  }

  async disable(code: string, password = this.person.password): Promise<string> {
    return outcomeOf(await this.#send(DISABLE, { password, code }))
  }

  /** What the account says of its second factor, to its owner or to somebody else. */
  async totpEnabled(accessToken = this.#accessToken): Promise<boolean | null | undefined> {
    const query = 'query ($id: ID!) { user(id: $id) { totpEnabled } }'
    type Data = { user: { totpEnabled: boolean | null } | null }
    const { data } = await this.#client.query<Data>(query, { id: this.id }, accessToken)
    return data?.user?.totpEnabled
  }

  #credentials(totpCode?: string | null) {
    return { login: this.person.username, password: this.person.password, totpCode }
  }

  #send<Fields>(query: string, input?: object): Promise<Answer<Fields>> {
    const isSignIn = query === SIGN_IN
    return this.#client.query(query, { input }, isSignIn ? undefined : this.#accessToken)
  }
}

function outcomeOf({ data, errors }: Answer<unknown>): string {
  const [refusal] = data?.result?.userErrors ?? errors?.map(({ extensions }) => extensions) ?? []
  return refusal?.code ?? 'DONE'
}
