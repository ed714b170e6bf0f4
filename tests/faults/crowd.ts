import { createConversation, type NewConversation, signUp } from '../support/people.ts'
import { AppClient } from './app-client.ts'
import { ConversationFeed } from './conversation-feed.ts'
import { Follower } from './follower.ts'
import { MessageFeed } from './message-feed.ts'
import type { Recorder } from './recorder.ts'
import type { SeededRandom } from './seeded-random.ts'

/** A conversation of the crowd. */
export interface Room {
  readonly id: string
  readonly owner: AppClient
  /** Those who write, the owner included. */
  readonly writers: readonly AppClient[]
  /** Those who are taken out and come back, but only of a GROUP. */
  readonly guests: readonly AppClient[]
}

export interface CrowdOptions {
  readonly url: string
  readonly people: number
  readonly random: SeededRandom
  readonly recorder: Recorder
}

/**
 * The people of a run with their apps: all of them follow a GROUP with a guest and a CHANNEL, half of them another GROUP,
 * and one of them talks to the assistant. Half of them ask only for
 * what every viewer gets in the same way.
 */
export class Crowd implements AsyncDisposable {
  readonly clients: readonly AppClient[]
  readonly rooms: readonly Room[]
  readonly assistantRoom: Room
  readonly followers: readonly Follower[]
  readonly #options: CrowdOptions
  readonly #out = new Set<string>()

  private constructor(
    options: CrowdOptions,
    clients: readonly AppClient[],
    rooms: readonly Room[],
    assistantRoom: Room,
  ) {
    this.#options = options
    this.clients = clients
    this.rooms = rooms
    this.assistantRoom = assistantRoom
    this.followers = [...rooms, assistantRoom].flatMap((room) => this.#followersOf(room))
  }

  /** Signs everybody up and opens the conversations. Nobody follows anything yet. */
  static async gather(options: CrowdOptions): Promise<Crowd> {
    const { url, recorder, random } = options
    const onNote = (text: string) => recorder.note({ kind: 'note', text })
    const names = Array.from({ length: options.people }, (_, index) => `person${index + 1}`)
    const people = await Promise.all(names.map((name) => signUp({ url }, name)))
    const clients = people.map((person) => new AppClient(person, { url, random, onNote }))
    for (const client of clients) client.keepFresh()
    const [owner, ...others] = people
    const [ownerClient] = clients
    if (!owner || !ownerClient) throw new RangeError('A crowd needs people.')
    const open = async (input: NewConversation, writers: readonly AppClient[], guests: readonly AppClient[] = []) => ({
      id: await createConversation(owner, input),
      owner: ownerClient,
      writers,
      guests,
    })
    const half = clients.slice(0, Math.ceil(clients.length / 2))
    const idsOf = (members: readonly { id: string }[]) =>
      members.filter(({ id }) => id !== owner.id).map(({ id }) => id)
    const rooms = [
      await open({ kind: 'GROUP', title: 'All', memberIds: idsOf(others) }, clients.slice(0, -1), clients.slice(-1)),
      await open({ kind: 'GROUP', title: 'Half', memberIds: idsOf(half) }, half),
      await open({ kind: 'CHANNEL', title: 'Open', memberIds: idsOf(others) }, clients),
    ]
    return new Crowd(options, clients, rooms, await open({ kind: 'ASSISTANT' }, [ownerClient]))
  }

  /** Those who may read where they follow. */
  get present(): readonly Follower[] {
    return this.followers.filter(({ client, conversation }) => !this.#out.has(placeOf(client, conversation)))
  }

  /** Lets everybody who may read follow, which whoever does already goes on with. */
  followAll(): void {
    for (const follower of this.present) follower.begin()
  }

  /** Says that a guest is about to be taken out, or is back. */
  mark(room: Room, guest: AppClient, where: 'out' | 'back'): void {
    if (where === 'out') this.#out.add(placeOf(guest, room.id))
    else this.#out.delete(placeOf(guest, room.id))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.followers.map((follower) => follower.stop()))
    await Promise.all(this.clients.map((client) => client[Symbol.asyncDispose]()))
  }

  #followersOf(room: Room): Follower[] {
    const { recorder, random } = this.#options
    const shared = { conversation: room.id, recorder, random }
    const watchers = [...new Set([...room.writers, ...room.guests])]
    const ofEvents = watchers.map((client, index) => {
      // The last one, who may be a guest, is among those whose results servers share.
      const isShared = (watchers.length - index) % 2 === 1
      return new Follower({ ...shared, client, feed: new ConversationFeed(client, room.id, isShared) })
    })
    const ofMessages = [...room.writers.slice(-2), ...room.guests].map(
      (client) => new Follower({ ...shared, client, feed: new MessageFeed(client, room.id) }),
    )
    return [...ofEvents, ...ofMessages]
  }
}

const placeOf = (client: AppClient, conversationId: string) => `${client.id}/${conversationId}`
