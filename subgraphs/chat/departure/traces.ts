import type { EntityManager } from '@mikro-orm/postgresql'
import { BATCH } from '../conversation/background-work.ts'
import type { ChangeUnderLock } from '../conversation/conversation-change.ts'
import { markDeleted } from '../conversation/conversation-removal.ts'
import { releasePair } from '../conversation/direct-pair.ts'
import { Member } from '../conversation/member.entity.ts'
import { endMembership, findHeir, findMember, isLastOwner, setRole } from '../conversation/membership.ts'

/** A message that changes is indexed again by all its words, which takes microseconds for each byte. */
const MOST_BYTES = 500_000
/** So many messages at a time lose reactions or mentions: each is an event, and followers read no more than that at once. */
const MESSAGES_AT_ONCE = 500

/** Deletes a conversation in which nobody else is left, and which nobody can find. Returns whether it was one. */
export async function deleteDeserted(change: ChangeUnderLock, userId: string): Promise<boolean> {
  const { em, conversation } = change
  if (conversation.kind === 'CHANNEL') return false
  const other = await em.findOne(Member, { conversationId: conversation.id, userId: { $ne: userId } })
  if (other) return false
  await markDeleted(change)
  return true
}

/** Takes some of a person's traces out of a conversation; false when there may be more of them. */
export async function takeTraces(change: ChangeUnderLock, userId: string): Promise<boolean> {
  return (
    (await takeReactions(change, userId)) && (await takeMentions(change, userId)) && (await takeName(change, userId))
  )
}

const takeReactions = (change: ChangeUnderLock, userId: string) =>
  takeOffMessages(change, userId, { table: 'reaction', kind: 'ReactionsChanged' })

const takeMentions = (change: ChangeUnderLock, userId: string) =>
  takeOffMessages(change, userId, { table: 'mention', kind: 'MessageEdited' })

/** Deletes a person's rows beside messages, and logs what that is to each message; false when there may be more of them. */
async function takeOffMessages(
  { em, conversation, record }: ChangeUnderLock,
  userId: string,
  { table, kind }: { table: 'reaction' | 'mention'; kind: 'ReactionsChanged' | 'MessageEdited' },
): Promise<boolean> {
  const messages = await em.execute<{ messageId: string }[]>(
    `WITH taken AS (
       DELETE FROM chat.${table}
       WHERE user_id = ? AND conversation_id = ? AND number = ANY (ARRAY (
         SELECT DISTINCT number FROM chat.${table} WHERE user_id = ? AND conversation_id = ?
         ORDER BY number LIMIT ${MESSAGES_AT_ONCE}))
       RETURNING number
     )
     SELECT id AS "messageId" FROM chat.message
     WHERE conversation_id = ? AND number = ANY (ARRAY (SELECT number FROM taken)) ORDER BY number`,
    [userId, conversation.id, userId, conversation.id, conversation.id],
  )
  record(...messages.map(({ messageId }) => ({ kind, messageId })))
  return messages.length < MESSAGES_AT_ONCE
}

/**
 * With the summary that tells of what they said, and by their name. No events: who was an author may have said very much.
 * That they left is told.
 */
async function takeName({ em, conversation }: ChangeUnderLock, userId: string): Promise<boolean> {
  await em.execute(
    `DELETE FROM chat.conversation_summary WHERE conversation_id = ? AND EXISTS (
       SELECT FROM chat.message WHERE conversation_id = ? AND author_id = ? AND number BETWEEN since AND up_to)`,
    [conversation.id, conversation.id, userId],
  )
  await em.execute(
    `UPDATE chat.message SET author_id = NULL, client_id = NULL, request_digest = NULL
     WHERE ctid = ANY (ARRAY (
       SELECT place FROM (
         SELECT ctid AS place, sum(octet_length(body)) OVER (ORDER BY number) - octet_length(body) AS before
         FROM chat.message WHERE author_id = ? AND conversation_id = ? ORDER BY number LIMIT ${BATCH}
       ) said
       WHERE before < ${MOST_BYTES}))`,
    [userId, conversation.id],
  )
  const left = await em.execute('SELECT FROM chat.message WHERE author_id = ? AND conversation_id = ? LIMIT 1', [
    userId,
    conversation.id,
  ])
  return left.length === 0
}

/** Ends a person's membership, if there is one; what nobody else owns goes to the longest-standing ADMIN, or else member. */
export async function takeMembership(change: ChangeUnderLock, userId: string): Promise<void> {
  const member = await findMember(change, userId)
  if (!member) return
  const heir = (await isLastOwner(change, member)) ? await findHeir(change, member) : null
  endMembership(change, member)
  if (heir) setRole(change, heir, 'OWNER')
  if (change.conversation.kind === 'DIRECT') await releasePair(change.em, change.conversation.id)
}

/** SQL for having been asked for by nobody; whoever asks may choose the id of the request. */
const FORGOTTEN = 'requested_by = NULL, request_id = NULL'

/** What is written for somebody, with its key and what makes it nobody's. */
const WRITTEN_FOR = [
  ['generation', 'id', `${FORGOTTEN}, trace_parent = NULL`],
  ['assistant_task', 'kind', FORGOTTEN],
] as const

/**
 * Has nobody pay for what the assistant writes, and wrote, for this person, and then forgets what they paid. No event is
 * logged: only they ever saw it.
 *
 * @throws the signal's reason when it is aborted in between.
 */
export async function takeAccount(fork: () => EntityManager, userId: string, signal: AbortSignal): Promise<void> {
  for (const [table, key, change] of WRITTEN_FOR) await forgetRequests(fork, { table, key, change, userId, signal })
  // Last: whoever ends a reply holds its row until it is booked.
  for (const table of ['token_reservation', 'usage_day', 'assistant_account']) {
    await fork().execute(`DELETE FROM chat.${table} WHERE user_id = ?`, [userId])
  }
}

/**
 * Many rows at a time, but for those that somebody holds; those one at a time, because whoever holds one may wait for
 * another.
 */
async function forgetRequests(
  fork: () => EntityManager,
  {
    table,
    key,
    change,
    userId,
    signal,
  }: { [Name in 'table' | 'key' | 'change' | 'userId']: string } & { signal: AbortSignal },
): Promise<void> {
  for (let isOver = false; !isOver; ) {
    signal.throwIfAborted()
    await fork().execute(
      `UPDATE chat.${table} SET ${change} WHERE (conversation_id, ${key}) IN (
         SELECT conversation_id, ${key} FROM chat.${table} WHERE requested_by = ?
         LIMIT ${BATCH} FOR NO KEY UPDATE SKIP LOCKED)`,
      [userId],
    )
    const [held] = await fork().execute<{ conversationId: string; key: string }[]>(
      `SELECT conversation_id AS "conversationId", ${key} AS key FROM chat.${table} WHERE requested_by = ? LIMIT 1`,
      [userId],
    )
    isOver = held === undefined
    if (held) {
      await fork().execute(
        `UPDATE chat.${table} SET ${change} WHERE conversation_id = ? AND ${key} = ? AND requested_by = ?`,
        [held.conversationId, held.key, userId],
      )
    }
  }
}
