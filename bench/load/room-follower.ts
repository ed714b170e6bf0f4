import type { FollowerCheck } from './delivery-checker.ts'
import type { LoadUser } from './load-user.ts'

const CAUGHT_UP_MS = 30_000
const AGAIN_AFTER_MS = 500

interface ConversationEvent {
  readonly __typename: string
  readonly cursor: string | null
  readonly message?: { readonly id: string; readonly number: number; readonly body: string }
  readonly messageId?: string
}

/** What a follower tells of. */
export interface RoomNews {
  readonly check: FollowerCheck
  message(body: string): void
  replyGrew(messageId: string): void
  replyEnded(messageId: string): void
  /** A stream ended by itself, or could not say everything. */
  trouble(code: string): void
}

/** Follows a conversation as a careful client does: whenever its stream ends it comes back with its last cursor. */
export class RoomFollower {
  /** The number of the newest message. */
  newest = 0
  readonly #user: LoadUser
  readonly #news: RoomNews
  /** graphql-ws subscribes with this very object again, when it has lost its socket. */
  readonly #variables: { conversationId: string; after?: string }
  readonly #live = Promise.withResolvers<void>()
  #leave = () => {}
  #isOver = false
  #trouble = 'nothing came'

  constructor(user: LoadUser, conversationId: string, news: RoomNews) {
    this.#user = user
    this.#news = news
    this.#variables = { conversationId }
    this.#open()
  }

  /**
   * Resolves once everything that happens is told.
   *
   * @throws Error when that takes longer than 30 seconds.
   */
  async live(): Promise<void> {
    const late = Promise.withResolvers<never>()
    const timer = setTimeout(
      () => late.reject(new Error(`A conversation was not live after ${CAUGHT_UP_MS / 1_000} s: ${this.#trouble}.`)),
      CAUGHT_UP_MS,
    )
    await Promise.race([this.#live.promise, late.promise]).finally(() => clearTimeout(timer))
  }

  end(): void {
    this.#isOver = true
    this.#leave()
  }

  #open(): void {
    if (this.#isOver) return
    let hasEnded = false
    this.#leave = this.#user.subscribe<ConversationEvent>(FOLLOW, this.#variables, {
      event: (event) => this.#take(event),
      end: (code) => {
        if (hasEnded || this.#isOver) return
        hasEnded = true
        this.#trouble = `STREAM_${code}`
        this.#news.trouble(this.#trouble)
        setTimeout(() => this.#open(), AGAIN_AFTER_MS * (0.5 + Math.random())).unref()
      },
    })
  }

  #take({ __typename, cursor, message, messageId }: ConversationEvent): void {
    if (cursor !== null) this.#variables.after = cursor
    if (__typename === 'MessageAdded' && message) {
      this.newest = Math.max(this.newest, message.number)
      this.#news.check.received(message)
      this.#news.message(message.body)
    } else if (__typename === 'ReplyTextAppended' && messageId) this.#news.replyGrew(messageId)
    else if (__typename === 'ReplyFinished' && message) this.#news.replyEnded(message.id)
    else if (__typename === 'CaughtUp') this.#live.resolve()
    else if (__typename === 'Reset') this.#news.trouble('STREAM_RESET')
  }
}

const FOLLOW = `subscription Follow($conversationId: ID!, $after: Cursor) {
  conversationEvents(conversationId: $conversationId, after: $after) {
    __typename
    cursor
    ... on MessageAdded { message { id number body author { displayName } } }
    ... on ReplyTextAppended { messageId attempt offset text }
    ... on ReplyFinished { message { id number body } }
  }
}`
