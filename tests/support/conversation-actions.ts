import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { type ChatMutation, mutationDocument } from './mutations.ts'
import type { Person } from './people.ts'

/** Something that one of the people does in a conversation; each mutation takes of it what it needs. */
export interface Action {
  readonly mutation: keyof typeof MUTATIONS
  /** Who does it, and to whom. */
  readonly actor: number
  readonly person: number
  /** Which message, in the order in which they were sent; counted from the first again where there are fewer. */
  readonly message: number
  /** `@0`, `@1` and `@2` stand for the people's names. */
  readonly text: string
  readonly isReply: boolean
  readonly emoji: string
  readonly role: string
  readonly upTo: number
}

/** Where something is done. */
export interface Place {
  readonly conversationId: string
  readonly people: readonly Person[]
  readonly messageIds: readonly string[]
}

type Input = (action: Action, place: Place) => Record<string, unknown>

const messageOf = ({ message }: Action, { messageIds }: Place) => messageIds[message % messageIds.length]
const personOf = ({ person }: Action, { people }: Place) => people[person]?.id
const bodyOf = ({ text }: Action, { people }: Place) =>
  text.replace(/@(\d)/g, (_, digit) => `@${people[Number(digit)]?.username}`)

const here: Input = (_, { conversationId }) => ({ conversationId })
const reaction: Input = (action, place) => ({ messageId: messageOf(action, place), emoji: action.emoji })

/** Each mutation with its input and how often it is done. */
const MUTATIONS = {
  sendMessage: {
    weight: 6,
    input: (action, place) => ({
      ...here(action, place),
      body: bodyOf(action, place),
      clientId: randomUUID(),
      replyToId: action.isReply ? messageOf(action, place) : null,
    }),
  },
  editMessage: {
    weight: 3,
    input: (action, place) => ({ messageId: messageOf(action, place), body: bodyOf(action, place) }),
  },
  deleteMessage: {
    weight: 2,
    input: (action, place) => ({ messageId: messageOf(action, place) }),
  },
  addReaction: { weight: 4, input: reaction },
  removeReaction: { weight: 2, input: reaction },
  markRead: {
    weight: 4,
    input: (action, place) => ({ ...here(action, place), upTo: action.upTo }),
  },
  updateConversation: {
    weight: 1,
    input: (action, place) => ({ ...here(action, place), title: action.text }),
  },
  joinChannel: { weight: 1, input: here },
  leaveConversation: { weight: 1, input: here },
  addMembers: {
    weight: 2,
    input: (action, place) => ({ ...here(action, place), userIds: [personOf(action, place)] }),
  },
  removeMember: {
    weight: 1,
    input: (action, place) => ({ ...here(action, place), userId: personOf(action, place) }),
  },
  setMemberRole: {
    weight: 3,
    input: (action, place) => ({ ...here(action, place), userId: personOf(action, place), role: action.role }),
  },
} satisfies Partial<Record<ChatMutation, { weight: number; input: Input }>>

const index = fc.nat({ max: 2 })

/** Anything that three people do, talking most of all. */
export const anyAction: fc.Arbitrary<Action> = fc.record({
  mutation: fc.oneof(
    ...(Object.keys(MUTATIONS) as (keyof typeof MUTATIONS)[]).map((mutation) => ({
      weight: MUTATIONS[mutation].weight,
      arbitrary: fc.constant(mutation),
    })),
  ),
  actor: index,
  person: index,
  message: fc.nat({ max: 20 }),
  text: fc.constantFrom('Hello', '@0, look', '@1 and @2, @1!', '@2', 'Nobody: @nobody', '@assistant, hello'),
  isReply: fc.boolean(),
  emoji: fc.constantFrom('👍', '❤️', '❤', '🎉'),
  role: fc.constantFrom('OWNER', 'ADMIN', 'MEMBER'),
  upTo: fc.nat({ max: 8 }),
})

interface Answer {
  readonly userErrors: readonly { readonly code: string }[]
  readonly message?: { readonly id: string } | null
}

/** Does it, and tells what came of it: the codes of its errors, none when it worked, and the id of a message it sent. */
export async function perform(action: Action, place: Place): Promise<{ codes: string[]; sentId: string | undefined }> {
  const sent = action.mutation === 'sendMessage' ? 'message { id }' : ''
  const { data, errors = [] } = await (place.people[action.actor] as Person).client.send<{ answer: Answer | null }>(
    mutationDocument(action.mutation, `${sent} userErrors { code }`),
    { input: MUTATIONS[action.mutation].input(action, place) },
  )
  const userErrors = data?.answer?.userErrors ?? []
  const codes = [
    ...errors.map(({ extensions }) => extensions.code),
    ...userErrors.map(({ code }) => `user error ${code}`),
  ]
  return { codes, sentId: data?.answer?.message?.id }
}
