import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import { newUuid } from '../platform/ids.ts'
import type { Resources } from '../platform/resources.ts'
import { openBenchDatabase } from './database.ts'
import { freePort, type Role, startRole } from './processes.ts'
import { COME_BACK_MS, type Fault, MiddleOfText, PATIENCE_MS, type Side, type Told } from './resume-side.ts'

const EVENTS = `subscription Events($conversationId: ID!, $after: Cursor) {
  conversationEvents(conversationId: $conversationId, after: $after) {
    __typename
    cursor
    ... on ReplyTextAppended { attempt offset text }
    ... on ReplyFinished { message { body } }
  }
}`

interface Event {
  readonly __typename: string
  readonly cursor: string | null
  readonly attempt?: number
  readonly offset?: number
  readonly text?: string
}

/** All of Parley in one process, as `npm start` runs it, on a Postgres that is not killed with it. */
export async function openParley(resources: Resources, told: Told): Promise<Side> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'parley-bench-data-'))
  resources.defer(() => rm(dataDirectory, { recursive: true, force: true }))
  const environment = {
    DATABASE_URL: await openBenchDatabase(resources),
    DATA_DIR: dataDirectory,
    AUTH_PORT: '0',
    CHAT_PORT: '0',
    OPENAI_BASE_URL: told.modelUrl,
    OPENAI_MODELS: 'demo-offline',
    RATE_LIMIT_SIGN_UP: '1000000',
  }
  const port = await freePort()
  const start = () => startRole(resources, 'local/main.ts', 'PORT', { environment, port })
  let role = await start()
  const restart = async () => {
    await role.kill()
    role = await start()
  }
  return {
    title: 'Parley',
    readThrough: async (fault) => new ParleyReader(await askFor(role, told.prompt), told.length, restart).read(fault),
  }
}

/** What a reader of one reply needs. */
interface Asked {
  readonly url: string
  readonly authorization: string
  readonly conversationId: string
}

/** Comes back with the cursor of the last event that it applied. */
class ParleyReader {
  readonly #asked: Asked
  readonly #middle: (fault: Fault, cut: () => void) => MiddleOfText
  readonly #pieces = { attempt: 0, text: '' }
  #after: string | null = null
  #isFinished = false

  constructor(asked: Asked, length: number, restart: () => Promise<void>) {
    this.#asked = asked
    this.#middle = (fault, cut) => new MiddleOfText(length, () => (fault === 'reader' ? cut() : void restart()))
  }

  /** The text that the splices make, by the rule of the schema; ReplyFinished only tells that it is whole. */
  async read(fault: Fault): Promise<string> {
    const variables = { conversationId: this.#asked.conversationId, after: this.#after }
    const { promise, resolve } = Promise.withResolvers<void>()
    let connection: WebSocket | undefined
    const middle = this.#middle(fault, () => connection?.terminate())
    const client = createClient({
      url: `${this.#asked.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: this.#asked.authorization },
      retryAttempts: PATIENCE_MS / COME_BACK_MS,
      retryWait: () => new Promise((wake) => setTimeout(wake, COME_BACK_MS)),
      shouldRetry: () => true,
      on: { connected: (socket) => (connection = socket as WebSocket) },
    })
    client.subscribe<{ conversationEvents: Event }>(
      { query: EVENTS, variables },
      {
        next: ({ data }) => {
          if (!data) return
          this.#apply(data.conversationEvents)
          // A retry sends the same variables.
          variables.after = this.#after
          middle.grown(this.#pieces.text.length)
          if (this.#isFinished) resolve()
        },
        error: () => resolve(),
        complete: () => resolve(),
      },
    )
    await promise
    await client.dispose()
    return this.#pieces.text
  }

  #apply({ __typename, cursor, attempt = 0, offset = 0, text = '' }: Event): void {
    this.#after = cursor ?? this.#after
    if (__typename === 'ReplyFinished') this.#isFinished = true
    if (__typename !== 'ReplyTextAppended' || attempt < this.#pieces.attempt) return
    this.#pieces.attempt = attempt
    this.#pieces.text = this.#pieces.text.slice(0, offset) + text
  }
}

/** Signs somebody up, who asks the assistant in a conversation of their own; the reply is not waited for. */
async function askFor({ url }: Role, prompt: string): Promise<Asked> {
  const name = `reader-${newUuid().slice(-12)}`
  const { signUp } = await run<{ signUp: { tokens: { accessToken: string } } }>(
    url,
    `mutation SignUp($input: SignUpInput!) { signUp(input: $input) { tokens { accessToken } } }`,
    { email: `${name}@example.org`, username: name, displayName: name, password: 'correct horse battery staple' },
  )
  const authorization = `Bearer ${signUp.tokens.accessToken}`
  const { createConversation } = await run<{ createConversation: { conversation: { id: string } } }>(
    url,
    `mutation Create($input: CreateConversationInput!) { createConversation(input: $input) { conversation { id } } }`,
    { kind: 'ASSISTANT' },
    authorization,
  )
  const conversationId = createConversation.conversation.id
  await run(
    url,
    `mutation Send($input: SendMessageInput!) { sendMessage(input: $input) { message { id } } }`,
    { conversationId, body: prompt, clientId: newUuid() },
    authorization,
  )
  return { url, authorization, conversationId }
}

async function run<Data>(url: string, query: string, input: object, authorization?: string): Promise<Data> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
    body: JSON.stringify({ query, variables: { input } }),
  })
  const { data, errors } = (await response.json()) as { data?: Data; errors?: unknown }
  if (!data || errors) throw new Error(`Parley answered ${JSON.stringify(errors)}`)
  return data
}
