import type { GraphQLError } from 'graphql'
import { ApplicationError } from '../../../../platform/errors.ts'
import { encodeId } from '../../../../platform/ids.ts'
import type { Conversation } from '../../conversation/conversation.entity.ts'
import type { ChatFixture } from '../../testing/chat-fixture.ts'

const SEARCH = `query ($query: String!, $conversationId: ID, $first: Int, $after: Cursor) {
  searchMessages(query: $query, conversationId: $conversationId, first: $first, after: $after) {
    nodes { id body } edges { cursor } pageInfo { hasNextPage hasPreviousPage endCursor }
  }
}`

/** What may be asked of searchMessages. */
export interface SearchArguments {
  query: string
  conversationId?: string | null
  first?: number
  after?: string | null
}

/** A page of found messages. */
export interface FoundPage {
  nodes: { id: string; body: string }[]
  edges: { cursor: string }[]
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; endCursor: string | null }
}

/** Searches as this person. */
export async function search(chat: ChatFixture, userId: string, args: SearchArguments) {
  const { data, errors } = await chat.run(userId, SEARCH, { ...args })
  const page = (data as { searchMessages: FoundPage | null }).searchMessages
  return { page, bodies: page?.nodes.map(({ body }) => body), code: codeOf(errors), errors }
}

/** The bodies that this person finds, newest first. */
export async function find(chat: ChatFixture, userId: string, query: string, conversation?: Conversation) {
  const conversationId = conversation ? encodeId('cnv', conversation.id) : null
  const { bodies, errors } = await search(chat, userId, { query, conversationId })
  if (!bodies) throw new Error(`The search failed: ${errors}`)
  return bodies
}

/** The stable code of the first of these errors; nothing without one. */
export function codeOf(errors: readonly GraphQLError[] | undefined): string | undefined {
  const error = errors?.[0]
  if (error === undefined) return undefined
  return error.originalError instanceof ApplicationError ? error.originalError.code : String(error)
}
