import type { AppClient } from './app-client.ts'
import { type Feed, LostAccessError, type Reading } from './feed.ts'
import type { Position } from './history.ts'

const LAST_NUMBER = `query Last($id: ID!) { conversation(id: $id) { messages(last: 1) { nodes { number } } } }`

const MESSAGES = `subscription Messages($id: ID!, $after: Int) {
  messageAdded(conversationId: $id, after: $after) { id number }
}`

/** The messages of a conversation alone, by their numbers. */
export class MessageFeed implements Feed {
  readonly stream = 'messages'
  readonly document = MESSAGES
  readonly #client: AppClient
  readonly #id: string

  constructor(client: AppClient, conversationId: string) {
    this.#client = client
    this.#id = conversationId
  }

  async start(): Promise<Position> {
    const { data, codes } = await this.#client.run<{
      conversation: { messages: { nodes: { number: number }[] } } | null
    }>(LAST_NUMBER, { id: this.#id })
    if (data?.conversation) return { epoch: '', seq: data.conversation.messages.nodes[0]?.number ?? 0 }
    if (codes.includes('NOT_FOUND')) throw new LostAccessError('NOT_FOUND')
    throw new Error(`The conversation could not be read: ${codes.join(', ')}.`)
  }

  variablesAfter({ seq }: Position): Record<string, unknown> {
    return { id: this.#id, after: seq }
  }

  read(event: Record<string, unknown>): Reading {
    const { id, number } = event as { id: string; number: number }
    return { kind: 'event', position: { epoch: '', seq: number }, content: `${number} ${id}`, messageId: id }
  }
}
