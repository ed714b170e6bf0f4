import { z } from 'zod'
import { encodeId } from '../../../../platform/ids.ts'
import type { Message } from '../../message/message.entity.ts'
import { searchMessages } from '../../search/message-search.ts'
import { readWords } from '../../search/search-input.ts'
import { defineTool, type ToolContext } from './tool.ts'

/** So many messages are told of, each with so many UTF-16 code units of its text. */
const MOST_FOUND = 10
const LONGEST_EXCERPT = 400
/** What stands before the word that was looked for. */
const BEFORE_WORD = 100

/**
 * Searches what the asker may read. Among others it is this conversation alone: who reads the reply there need not be
 * allowed to read what the asker says elsewhere.
 */
export const searchMessagesTool = defineTool({
  name: 'search_messages',
  description:
    'Searches the messages that the person who asks can read, newest first: all their conversations when they are alone ' +
    'with you, else the present one. Every word of the query must occur in a message; parts of words are found too.',
  arguments: z.object({
    query: z.string().min(1).max(200).describe('One to ten words, without operators.'),
  }),
  needsApproval: false,
  isIdempotent: true,
  async run({ query }, context) {
    const words = readWords(query)
    const { conversation, viewerId, questionId, em } = context
    const conversationId = conversation.kind === 'ASSISTANT' ? null : conversation.id
    // The question itself holds the words too, and is no find.
    const page = { size: MOST_FOUND + 1, direction: 'forward', cursor: undefined } as const
    const found = await searchMessages(em, { words, conversationId, viewerId }, page)
    const messages = found.filter(({ id }) => id !== questionId)
    const quotes = messages.slice(0, MOST_FOUND)
    const described = quotes.map((message) => describe(message, words, context))
    return { text: JSON.stringify({ messages: described, thereAreMore: messages.length > MOST_FOUND }), quotes }
  },
})

function describe(message: Message, words: readonly string[], { viewerId }: ToolContext) {
  return {
    id: encodeId('msg', message.id),
    conversationId: encodeId('cnv', message.conversationId),
    sentAt: message.createdAt,
    by: authorOf(message, viewerId),
    text: excerpt(message.body, words),
  }
}

function authorOf({ role, authorId }: Message, viewerId: string): string {
  if (role === 'ASSISTANT') return 'the assistant'
  return authorId === viewerId ? 'the person who asks' : 'somebody else'
}

/** A long text around the first word that is found by a plain look; accents may hide it, then it is the beginning. */
function excerpt(text: string, words: readonly string[]): string {
  if (text.length <= LONGEST_EXCERPT) return text
  const folded = text.toLowerCase()
  const places = words.map((word) => folded.indexOf(word.toLowerCase())).filter((place) => place >= 0)
  const start = Math.max(0, Math.min(...places, text.length) - BEFORE_WORD)
  const from = places.length > 0 ? start : 0
  const cut = text.slice(from, from + LONGEST_EXCERPT).toWellFormed()
  return `${from > 0 ? '…' : ''}${cut}${from + LONGEST_EXCERPT < text.length ? '…' : ''}`
}
