import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { type ChatMutation, mutationDocument } from '../support/mutations.ts'
import { SEND_MESSAGE } from '../support/people.ts'
import type { AppClient } from './app-client.ts'
import { digestOf } from './body-digest.ts'
import type { Crowd, Room } from './crowd.ts'
import type { Recorder } from './recorder.ts'
import type { SeededRandom } from './seeded-random.ts'

const AGAIN_AFTER_MS = 400
/**
 * How long a guest is in and out, one after the other, again and again. The long ones are longer than what streams are
 * allowed to take, so that whether they took longer can be told.
 */
const PRESENCES_MS = [6_000, 6_000, 30_000] as const
const ABSENCES_MS = [20_000, 6_000, 6_000] as const
const QUESTION_EVERY_MS = 9_000
/** So many messages are sent once more although they were acknowledged. */
const REPEATED_SHARE = 0.1
/** What is changed later is picked among so many that were sent last. */
const RECENT = 20
const EMOJI = ['👍', '❤️', '🎉'] as const

interface SendAnswer {
  readonly sendMessage: {
    readonly message: { readonly id: string; readonly number: number } | null
    readonly userErrors: readonly { readonly code: string }[]
  } | null
}

interface SentMessage {
  readonly id: string
  readonly author: AppClient
  readonly room: Room
}

/** What the crowd says and does until it is told to be quiet. */
export class Talk {
  readonly #crowd: Crowd
  readonly #recorder: Recorder
  readonly #random: SeededRandom
  readonly #messagesPerSecond: number
  readonly #sent: SentMessage[] = []
  readonly #running: Promise<void>[] = []
  readonly #quiet = new AbortController()

  constructor(options: { crowd: Crowd; recorder: Recorder; random: SeededRandom; messagesPerSecond: number }) {
    this.#crowd = options.crowd
    this.#recorder = options.recorder
    this.#random = options.random
    this.#messagesPerSecond = options.messagesPerSecond
  }

  begin(): void {
    const { clients, rooms, assistantRoom } = this.#crowd
    const everyMs = (clients.length * 1_000) / this.#messagesPerSecond
    for (const client of clients) this.#repeat(everyMs, () => this.#saySomething(client))
    for (const room of rooms) {
      for (const guest of room.guests) this.#running.push(this.#comeAndGo(room, guest))
    }
    this.#repeat(QUESTION_EVERY_MS, () => this.#send(assistantRoom.owner, assistantRoom, 'count to 20'))
  }

  /** Begins nothing new, and resolves when everything that was begun is acknowledged or refused. */
  async end(): Promise<void> {
    this.#quiet.abort()
    await Promise.all(this.#running)
  }

  /** One thing at a time, so that whoever waits for an answer says nothing else. */
  #repeat(everyMs: number, act: () => Promise<void>): void {
    const run = async () => {
      while (await this.#pause(everyMs * this.#random.between(0.5, 1.5))) await act()
    }
    this.#running.push(run())
  }

  async #saySomething(client: AppClient): Promise<void> {
    const room = this.#random.pick(this.#crowd.rooms.filter(({ writers }) => writers.includes(client)))
    await this.#send(client, room, 'Hello')
    if (this.#random.chance(0.5)) await this.#changeSomething(client)
  }

  /** Sends the same message until the server has said what became of it. */
  async #send(client: AppClient, room: Room, text: string): Promise<void> {
    const clientId = randomUUID()
    const about = { person: client.id, conversation: room.id, clientId }
    const input = { conversationId: room.id, body: `${text} ${clientId}`, clientId }
    this.#recorder.note({ kind: 'send', ...about })
    for (;;) {
      const answer = await client.run<SendAnswer>(SEND_MESSAGE, { input }).catch(() => undefined)
      const { message, userErrors = [] } = answer?.data?.sendMessage ?? {}
      if (message) {
        this.#recorder.note({ kind: 'ack', ...about, messageId: message.id, number: message.number })
        this.#sent.push({ id: message.id, author: client, room })
        if (this.#sent.length > RECENT) this.#sent.shift()
        if (this.#random.chance(REPEATED_SHARE)) await this.#sendAgain(client, input, about)
        return
      }
      if (userErrors.length > 0)
        this.#recorder.note({ kind: 'note', text: `a send was refused: ${userErrors[0]?.code}` })
      if (answer?.codes.some((code) => code === 'NOT_FOUND' || code === 'FORBIDDEN') || userErrors.length > 0) {
        return this.#recorder.note({ kind: 'refusal', person: client.id, clientId })
      }
      if (answer?.codes.includes('UNAUTHENTICATED')) await client.refresh()
      await delay(AGAIN_AFTER_MS * this.#random.between(0.5, 1))
    }
  }

  /** As an app that did not hear the acknowledgement; it must be told of the same message. */
  async #sendAgain(
    client: AppClient,
    input: object,
    about: { person: string; conversation: string; clientId: string },
  ) {
    const answer = await client.run<SendAnswer>(SEND_MESSAGE, { input }).catch(() => undefined)
    const message = answer?.data?.sendMessage?.message
    if (message) this.#recorder.note({ kind: 'ack', ...about, messageId: message.id, number: message.number })
  }

  /** Edits, deletes or reacts, or gives a room another title; once, whatever comes of it. */
  async #changeSomething(client: AppClient): Promise<void> {
    const known = this.#sent.filter(({ room }) => room.writers.includes(client))
    if (known.length === 0) return
    const { id, author, room } = this.#random.pick(known)
    const [mutation, input] = this.#random.pick<[ChatMutation, Record<string, unknown>]>([
      ['addReaction', { messageId: id, emoji: this.#random.pick(EMOJI) }],
      ['removeReaction', { messageId: id, emoji: this.#random.pick(EMOJI) }],
      ...(author === client
        ? ([
            ['editMessage', { messageId: id, body: `Edited ${randomUUID()}` }],
            ['deleteMessage', { messageId: id }],
          ] as [ChatMutation, Record<string, unknown>][])
        : []),
      ...(room.owner === client
        ? ([['updateConversation', { conversationId: room.id, title: `Title ${randomUUID()}` }]] as [
            ChatMutation,
            Record<string, unknown>,
          ][])
        : []),
    ])
    if (mutation === 'editMessage') {
      this.#recorder.note({ kind: 'edit', person: client.id, messageId: id, digest: digestOf(String(input.body)) })
    }
    await this.#mutate(client, mutation, input).catch(() => undefined)
  }

  async #comeAndGo(room: Room, guest: AppClient): Promise<void> {
    const about = { person: guest.id, conversation: room.id }
    const users = {
      removal: ['removeMember', { userId: guest.id }],
      return: ['addMembers', { userIds: [guest.id] }],
    } as const
    const alreadySo = { removal: 'NOT_FOUND', return: 'ALREADY_MEMBER' }
    for (let turn = 0; ; turn += 1) {
      const next = turn % 2 === 0 ? 'removal' : 'return'
      const pauses = next === 'removal' ? PRESENCES_MS : ABSENCES_MS
      const pauseMs = pauses[Math.floor(turn / 2) % pauses.length] ?? 0
      // Whoever is out when it gets quiet comes back, so that all can be compared.
      if (!(await this.#pause(pauseMs * this.#random.between(0.8, 1.2))) && next === 'removal') return
      const [mutation, input] = users[next]
      if (next === 'removal') this.#crowd.mark(room, guest, 'out')
      this.#recorder.note({ kind: next, step: 'begun', ...about })
      await this.#insist(room.owner, mutation, { conversationId: room.id, ...input }, alreadySo[next])
      this.#recorder.note({ kind: next, step: 'done', ...about })
      if (next === 'return') this.#crowd.mark(room, guest, 'back')
    }
  }

  /** Makes a change until it was made, now or by an earlier attempt whose answer was lost. */
  async #insist(client: AppClient, mutation: ChatMutation, input: Record<string, unknown>, alreadySo: string) {
    for (;;) {
      const codes = await this.#mutate(client, mutation, input).catch(() => ['no answer'])
      if (codes.length === 0 || codes.includes(alreadySo)) return
      if (codes.includes('UNAUTHENTICATED')) await client.refresh()
      await delay(AGAIN_AFTER_MS * this.#random.between(0.5, 1))
    }
  }

  /** The codes of what is wrong; none when it worked. */
  async #mutate(client: AppClient, mutation: ChatMutation, input: Record<string, unknown>): Promise<unknown[]> {
    const { data, codes } = await client.run<{ answer: { userErrors: { code: string }[] } | null }>(
      mutationDocument(mutation, 'userErrors { code }'),
      { input },
    )
    return [...codes, ...(data?.answer?.userErrors ?? []).map(({ code }) => code)]
  }

  /** False when it is time to be quiet. */
  async #pause(ms: number): Promise<boolean> {
    const { signal } = this.#quiet
    await delay(ms, undefined, { signal }).catch(() => undefined)
    return !signal.aborted
  }
}
