import pg from 'pg'
import { decodeId, encodeId } from '../../platform/ids.ts'
import type { StoredConversation } from './history.ts'

interface Row {
  readonly id: string
  readonly epoch: string
  readonly head: number
  readonly floor: number
  readonly messageCount: number
  readonly messages: readonly { number: number; id: string; author: string | null; clientId: string | null }[]
  readonly events: readonly { seq: number; kind: string; messageId: string | null; userId: string | null }[]
}

const CONVERSATIONS = `
  SELECT id, epoch, event_seq AS head, event_floor AS floor, message_count AS "messageCount",
    (SELECT coalesce(jsonb_agg(jsonb_build_object(
         'number', number, 'id', id, 'author', author_id, 'clientId', client_id) ORDER BY number), '[]')
     FROM chat.message WHERE conversation_id = conversation.id) AS messages,
    (SELECT coalesce(jsonb_agg(jsonb_build_object(
         'seq', seq, 'kind', kind, 'messageId', message_id, 'userId', user_id) ORDER BY seq), '[]')
     FROM chat.conversation_event WHERE conversation_id = conversation.id) AS events
  FROM chat.conversation WHERE id = ANY ($1)`

/** What the database holds of these conversations (`cnv_…`), in words that clients use too. */
export async function readStored(
  databaseUrl: string,
  conversationIds: readonly string[],
): Promise<StoredConversation[]> {
  const { rows } = await query<Row>(databaseUrl, CONVERSATIONS, conversationIds)
  return rows.map((row) => ({
    ...row,
    id: encodeId('cnv', row.id),
    messages: row.messages.map(({ id, author, ...rest }) => ({
      ...rest,
      id: encodeId('msg', id),
      author: author && encodeId('usr', author),
    })),
    events: row.events.map(({ seq, kind, messageId, userId }) => {
      const message = messageId && encodeId('msg', messageId)
      const about = message ?? (userId && encodeId('usr', userId)) ?? ''
      return { seq, content: `${kind} ${about}`.trim(), messageId: message }
    }),
  }))
}

/** Where each of these conversations stands: its log's head and its newest number. */
export async function readHeads(
  databaseUrl: string,
  conversationIds: readonly string[],
): Promise<Map<string, { events: number; messages: number }>> {
  const { rows } = await query<{ id: string; events: number; messages: number }>(
    databaseUrl,
    'SELECT id, event_seq AS events, message_count AS messages FROM chat.conversation WHERE id = ANY ($1)',
    conversationIds,
  )
  return new Map(rows.map(({ id, ...head }) => [encodeId('cnv', id), head]))
}

/** How many replies are still to be written. */
export async function countUnfinishedReplies(databaseUrl: string): Promise<number> {
  const { rows } = await query<{ count: number }>(
    databaseUrl,
    `SELECT count(*)::int AS count FROM chat.generation WHERE status IN ('QUEUED', 'RUNNING')
     AND conversation_id <> ALL ($1)`,
    [],
  )
  return rows[0]?.count ?? 0
}

async function query<Result extends object>(databaseUrl: string, statement: string, ids: readonly string[]) {
  const client = new pg.Client({ connectionString: databaseUrl, statement_timeout: 30_000 })
  await client.connect()
  try {
    return await client.query<Result>(statement, [ids.map((id) => decodeId('cnv', id))])
  } finally {
    await client.end()
  }
}
