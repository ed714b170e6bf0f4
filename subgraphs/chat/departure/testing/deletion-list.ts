import { expect } from 'vitest'
import type { AccountDeletion, DeletionPage } from '../../../../platform/deletions.ts'
import { createLogger } from '../../../../platform/logging.ts'
import { ReplyRemoval } from '../../assistant/control/reply-removal.ts'
import { ConversationChanges } from '../../conversation/conversation-change.ts'
import type { ChatFixture } from '../../testing/chat-fixture.ts'
import { DeletionProgress } from '../deletion-progress.entity.ts'
import { Departures } from '../departures.ts'

const OFTEN_MS = 20
const MINUTE_MS = 60_000
const PAGE_SIZE = 2
const SOON = { timeout: 15_000, interval: 20 }

/** Auth's list of deleted accounts as a test fills it, in pages of two, with processes that apply it to one database. */
export class DeletionList {
  readonly #chat: ChatFixture
  readonly #list: AccountDeletion[] = []
  /** How many times it was asked for. */
  questions = 0
  isAway = false
  /** What the processes said, at the levels that people read. */
  readonly said: string[] = []
  now = new Date('2026-03-01T12:00:00.000Z')

  constructor(chat: ChatFixture) {
    this.#chat = chat
  }

  /** Adds an account that was deleted now, and is settled so many minutes later. */
  add(userId: string, settledAfterMinutes = 15): void {
    this.#list.push({
      position: this.#list.length + 1,
      userId,
      deletedAt: this.now.toISOString(),
      settledAt: new Date(this.now.getTime() + settledAfterMinutes * MINUTE_MS).toISOString(),
    })
  }

  /** Lets time go by. */
  advance(minutes: number): void {
    this.now = new Date(this.now.getTime() + minutes * MINUTE_MS)
  }

  /** Starts a process that applies the list; it looks often, because the bus is quiet. */
  start({ everyMs = OFTEN_MS } = {}): Departures {
    const { fork, bus } = this.#chat
    const changes = new ConversationChanges({ bus })
    const replies = new ReplyRemoval(this.#chat)
    const readPage = (after: number) => this.#readPage(after)
    const logger = createLogger({ name: 'test', level: 'silent', format: 'json' })
    logger.warn = (_: unknown, message?: string) => void this.said.push(`warn: ${message}`)
    logger.info = (message: unknown) => void this.said.push(`info: ${message}`)
    return new Departures({ fork, changes, replies, bus, logger, readPage, now: () => this.now, everyMs })
  }

  /** Adds an account and has one process apply the list. */
  async apply(userId: string, settledAfterMinutes?: number): Promise<void> {
    this.add(userId, settledAfterMinutes)
    await using _process = this.start()
    await this.applied()
  }

  /** Waits until the list is applied to its end. */
  async applied(look: DeletionProgress['look'] = 'FIRST'): Promise<void> {
    await expect.poll(() => this.positionOf(look), SOON).toBe(this.#list.length)
  }

  /** How far the list is applied. */
  async positionOf(look: DeletionProgress['look']): Promise<number> {
    return (await this.#chat.fork().findOneOrFail(DeletionProgress, look)).position
  }

  async #readPage(after: number): Promise<DeletionPage> {
    this.questions += 1
    if (this.isAway) throw new Error('auth is away')
    const rest = this.#list.filter(({ position }) => position > after)
    return { deletions: rest.slice(0, PAGE_SIZE), hasMore: rest.length > PAGE_SIZE }
  }
}
