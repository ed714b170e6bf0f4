import { randomUUID } from 'node:crypto'
import type { DeliveryChecker, ToldMessage } from './delivery-checker.ts'
import type { LoadUser } from './load-user.ts'
import type { Measurements, Operation } from './measurements.ts'
import { RoomFollower } from './room-follower.ts'
import type { Room } from './rooms.ts'
import type { Arrival } from './schedule.ts'

/** More requests at a time are not sent and count as failed: then it is the generator that cannot follow. */
const MOST_IN_FLIGHT = 1_000
const PAGE = 50
const FILLER = 'Does anybody know by when the tests have to pass, and whether the notes of Tuesday are somewhere?'

type Sent = { sendMessage: { message: ToldMessage; reply: { id: string; number: number } | null } }
type Page = { conversation: { messages: { pageInfo: { startCursor: string | null } } } | null }

interface Reply {
  /** When the message that asked for it was due. */
  dueAt?: number
  grewAt?: number
  endedAt?: number
}

/** One member's place in a room. */
interface Seat {
  readonly room: Room
  readonly follower: RoomFollower
  /** The first cursor of the page that was read last. */
  oldest?: string | undefined
}

/** What all users do and are told. Each wait is measured from the moment it was due, whenever it was really begun. */
export class Talk {
  inFlight = 0
  readonly #seats = new Map<LoadUser, Seat[]>()
  readonly #checker: DeliveryChecker
  readonly #measurements: Measurements
  readonly #replyShare: number
  /** When each message of this run was due, by its number in this run. */
  readonly #dueAt: number[] = []
  readonly #replies = new Map<string, Reply>()

  constructor(given: { checker: DeliveryChecker; measurements: Measurements; replyShare: number }) {
    this.#checker = given.checker
    this.#measurements = given.measurements
    this.#replyShare = given.replyShare
  }

  /** Has all members follow their rooms; resolves once all streams are live. */
  async follow(rooms: readonly Room[]): Promise<void> {
    for (const room of rooms) {
      const followers = room.members.map((user) => this.#sit(user, room))
      await Promise.all(followers.map((follower) => follower.live()))
    }
  }

  /** Does what is due at `dueAt`; it is over when that has an answer. Never fails: what goes wrong is counted. */
  async act(user: LoadUser, { operation, chance }: Arrival, dueAt: number): Promise<void> {
    const seats = this.#seats.get(user) ?? []
    const seat = seats[Math.floor(chance * seats.length)]
    if (!seat) return
    if (this.inFlight >= MOST_IN_FLIGHT) return this.#measurements.failed(operation, 'NOT_SENT')
    this.inFlight += 1
    const code = await this.#run(operation, user, { seat, chance, dueAt })
    this.inFlight -= 1
    if (code === undefined) this.#measurements.came(operation, dueAt)
    else this.#measurements.failed(operation, code)
  }

  /** Whether no answer, no message and no reply is waited for any more. */
  isSettled(): boolean {
    const isOver = ({ dueAt, endedAt }: Reply) => dueAt === undefined || endedAt !== undefined
    return this.inFlight === 0 && this.#checker.isSettled() && [...this.#replies.values()].every(isOver)
  }

  /** Replies that were asked for and have not ended. */
  unfinishedReplies(): number {
    return [...this.#replies.values()].filter(({ dueAt, endedAt }) => dueAt !== undefined && endedAt === undefined)
      .length
  }

  end(): void {
    for (const seats of this.#seats.values()) for (const { follower } of seats) follower.end()
  }

  #sit(user: LoadUser, room: Room): RoomFollower {
    const measurements = this.#measurements
    const follower = new RoomFollower(user, room.id, {
      check: this.#checker.follow(user.id, room.id),
      message: (body) => {
        const dueAt = this.#dueAt[Number(/^#(\d+) /u.exec(body)?.[1])]
        if (dueAt !== undefined) measurements.came('delivery', dueAt)
      },
      replyGrew: (id) => this.#grew(id),
      replyEnded: (id) => this.#ended(id),
      trouble: (code) => measurements.noted(code),
    })
    this.#seats.set(user, [...(this.#seats.get(user) ?? []), { room, follower }])
    return follower
  }

  /** The code of what went wrong. */
  async #run(operation: Operation, user: LoadUser, at: { seat: Seat; chance: number; dueAt: number }) {
    const { seat } = at
    const conversationId = seat.room.id
    if (operation === 'sendMessage') return this.#send(user, at)
    if (operation === 'markRead') {
      const answer = await user.ask(MARK_READ, { input: { conversationId, upTo: seat.follower.newest } })
      return 'code' in answer ? answer.code : undefined
    }
    if (operation === 'conversations') {
      const answer = await user.ask(LIST)
      return 'code' in answer ? answer.code : undefined
    }
    // The newest page and an older one in turn.
    const before = seat.oldest === undefined ? {} : { before: seat.oldest }
    const answer = await user.ask<Page>(READ, { conversationId, last: PAGE, ...before })
    if ('code' in answer) return answer.code
    const isNewest = seat.oldest === undefined
    seat.oldest = isNewest ? (answer.data.conversation?.messages.pageInfo.startCursor ?? undefined) : undefined
    return undefined
  }

  async #send(user: LoadUser, { seat, chance, dueAt }: { seat: Seat; chance: number; dueAt: number }) {
    const place = this.#dueAt.push(dueAt) - 1
    // Which seat it is takes the upper part of the chance; the rest of it decides here.
    const asks = (chance * 1_009) % 1 < this.#replyShare
    const body = `#${place} ${asks ? '@assistant please count to 20. ' : ''}${FILLER}`
    const conversationId = seat.room.id
    const answer = await user.ask<Sent>(SEND, { input: { conversationId, body, clientId: randomUUID() } })
    if ('code' in answer) return answer.code
    const { message, reply } = answer.data.sendMessage
    this.#checker.acknowledged(conversationId, message)
    if (reply) {
      this.#checker.acknowledged(conversationId, reply)
      this.#asked(reply.id, dueAt)
    }
    return undefined
  }

  #asked(id: string, dueAt: number): void {
    const reply = this.#replyOf(id)
    reply.dueAt = dueAt
    // Its text may be sooner here than the answer that tells its id.
    if (reply.grewAt !== undefined) this.#measurements.waitsOf('firstText').add(reply.grewAt - dueAt)
    if (reply.endedAt !== undefined) this.#measurements.waitsOf('reply').add(reply.endedAt - dueAt)
  }

  #grew(id: string): void {
    const reply = this.#replyOf(id)
    if (reply.grewAt !== undefined) return
    reply.grewAt = performance.now()
    if (reply.dueAt !== undefined) this.#measurements.came('firstText', reply.dueAt)
  }

  #ended(id: string): void {
    const reply = this.#replyOf(id)
    if (reply.endedAt !== undefined) return
    reply.endedAt = performance.now()
    if (reply.dueAt !== undefined) this.#measurements.came('reply', reply.dueAt)
  }

  #replyOf(id: string): Reply {
    const reply = this.#replies.get(id) ?? {}
    this.#replies.set(id, reply)
    return reply
  }
}

const SEND = `mutation Send($input: SendMessageInput!) {
  sendMessage(input: $input) { message { id number } reply { id number } userErrors { code } }
}`
const MARK_READ = `mutation MarkRead($input: MarkReadInput!) {
  markRead(input: $input) { conversation { unreadCount } userErrors { code } }
}`
const LIST = `query List {
  conversations(first: 20) {
    nodes { id title unreadCount lastActivityAt lastMessage { id body author { displayName } } }
  }
}`
const READ = `query Read($conversationId: ID!, $last: Int!, $before: Cursor) {
  conversation(id: $conversationId) {
    messages(last: $last, before: $before) {
      nodes { id number body createdAt author { displayName } }
      pageInfo { startCursor }
    }
  }
}`
