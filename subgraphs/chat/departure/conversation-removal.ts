import type { EntityManager } from '@mikro-orm/postgresql'

/** A conversation and its only member, who leaves. Ids are UUIDs. */
interface LastMembership {
  readonly conversationId: string
  readonly userId: string
}

/** One statement deletes at most so many rows, so that a long history does not run into the statement timeout. */
const BATCH = 5_000

/** In the order in which rows refer to one another. */
const CONTENT = ['generation_chunk', 'generation', 'conversation_event', 'message'] as const

/**
 * Deletes a conversation with everything in it, in several transactions: its last membership goes with the
 * conversation's own row in the last one, so that whoever is interrupted finds it again.
 *
 * @throws the signal's reason when it is aborted in between.
 */
export async function removeConversation(
  fork: () => EntityManager,
  membership: LastMembership,
  signal: AbortSignal,
): Promise<void> {
  let isOver = false
  while (!isOver) {
    await stopReplies(fork(), membership)
    for (const table of CONTENT) await empty(fork, table, membership, signal)
    isOver = await removeRow(fork(), membership)
  }
}

/** Ends what is being written: its worker's next write is refused, and no other one takes it over. */
async function stopReplies(em: EntityManager, { conversationId }: LastMembership): Promise<void> {
  await em.execute(
    `UPDATE chat.generation SET status = 'FAILED', lease_until = NULL
     WHERE conversation_id = ? AND status IN ('QUEUED', 'RUNNING')`,
    [conversationId],
  )
}

async function empty(
  fork: () => EntityManager,
  table: (typeof CONTENT)[number],
  { conversationId }: LastMembership,
  signal: AbortSignal,
): Promise<void> {
  for (let deleted = BATCH; deleted === BATCH; ) {
    signal.throwIfAborted()
    const result = await fork().execute<{ affectedRows: number }>(
      `DELETE FROM chat.${table}
       WHERE ctid = ANY (ARRAY (SELECT ctid FROM chat.${table} WHERE conversation_id = ? LIMIT ${BATCH}))`,
      [conversationId],
      'run',
    )
    deleted = result.affectedRows
  }
}

/**
 * Deletes the conversation's row and what was said while its content went.
 *
 * @returns whether this is over: also when somebody else is a member by now. Else a reply was asked for meanwhile; its
 * worker takes its locks in the opposite order, so that it must be stopped without ours.
 */
function removeRow(em: EntityManager, { conversationId, userId }: LastMembership): Promise<boolean> {
  return em.transactional(async (transaction) => {
    // The strongest lock at once: those who are about to write here hold a weaker one, and would wait for ours.
    await transaction.execute('SELECT FROM chat.conversation WHERE id = ? FOR UPDATE', [conversationId])
    const [found] = await transaction.execute<[{ others: boolean; replies: boolean }]>(
      `SELECT EXISTS (SELECT FROM chat.member WHERE conversation_id = ? AND user_id <> ?) AS others,
              EXISTS (SELECT FROM chat.generation WHERE conversation_id = ?) AS replies`,
      [conversationId, userId, conversationId],
    )
    if (found.others || found.replies) return found.others
    for (const table of ['conversation_event', 'message', 'member']) {
      await transaction.execute(`DELETE FROM chat.${table} WHERE conversation_id = ?`, [conversationId])
    }
    await transaction.execute('DELETE FROM chat.conversation WHERE id = ?', [conversationId])
    return true
  })
}
