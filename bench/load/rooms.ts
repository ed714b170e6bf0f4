import type { LoadUser } from './load-user.ts'

const MOST_MEMBERS = 10

/** A group in which some of the users talk. */
export interface Room {
  readonly id: string
  readonly owner: LoadUser
  readonly members: readonly LoadUser[]
}

/** Divides users into groups of at most ten in two ways, so that most are in two groups and share each with others. */
export function divide<User>(users: readonly User[]): User[][] {
  const count = Math.ceil(users.length / MOST_MEMBERS)
  const groups = (placeOf: (index: number) => number) =>
    Array.from({ length: count }, (_, group) => users.filter((_, index) => placeOf(index) === group))
  return [...groups((index) => Math.floor(index / MOST_MEMBERS)), ...groups((index) => index % count)]
}

/**
 * Makes the groups.
 *
 * @throws Error when one cannot be made.
 */
export async function openRooms(users: readonly LoadUser[]): Promise<Room[]> {
  const rooms: Room[] = []
  for (const [index, members] of divide(users).entries()) {
    const [owner, ...others] = members
    if (!owner) continue
    const input = { kind: 'GROUP', title: `Load ${index + 1}`, memberIds: others.map(({ id }) => id) }
    const answer = await owner.ask<{ createConversation: { conversation: { id: string } } }>(CREATE, { input })
    if ('code' in answer) throw new Error(`A group could not be made: ${answer.code}.`)
    rooms.push({ id: answer.data.createConversation.conversation.id, owner, members })
  }
  return rooms
}

/** Deletes them again. What fails stays behind. */
export async function closeRooms(rooms: readonly Room[]): Promise<void> {
  for (const { id, owner } of rooms) await owner.ask(DELETE, { input: { conversationId: id } })
}

const CREATE = `mutation Create($input: CreateConversationInput!) {
  createConversation(input: $input) { conversation { id } userErrors { code } }
}`
const DELETE = `mutation Delete($input: ConversationIdInput!) {
  deleteConversation(input: $input) { userErrors { code } }
}`
