import pg from 'pg'
import { decodeId } from '../../platform/ids.ts'

/**
 * Puts so many finished turns into an empty conversation at once, each a question and its answer: two messages and
 * four events of the log.
 */
export async function seedTurns(databaseUrl: string, conversationId: string, turns: number): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl, statement_timeout: 30_000 })
  await client.connect()
  try {
    await client.query(SEED, [decodeId('cnv', conversationId), turns])
  } finally {
    await client.end()
  }
}

const SEED = `
  WITH turn AS MATERIALIZED (
    SELECT n, gen_random_uuid() AS question, gen_random_uuid() AS answer FROM generate_series(1, $2::integer) AS n
  ), said AS (
    INSERT INTO chat.message (conversation_id, number, id, role, answers_id, body)
    SELECT $1::uuid, 2 * n - 1, question, 'USER', NULL, 'Question ' || n FROM turn
    UNION ALL SELECT $1::uuid, 2 * n, answer, 'ASSISTANT', question, 'Answer ' || n FROM turn
  ), written AS (
    INSERT INTO chat.generation (conversation_id, id, message_id, status, model, attempt)
    SELECT $1::uuid, gen_random_uuid(), answer, 'COMPLETED', 'seed', 1 FROM turn
  ), logged AS (
    INSERT INTO chat.conversation_event (conversation_id, seq, kind, message_id)
    SELECT $1::uuid, 4 * n - 4 + step, kind, message
    FROM turn CROSS JOIN LATERAL (VALUES
      (1, 'MessageAdded', question), (2, 'MessageAdded', answer), (3, 'ReplyStarted', answer), (4, 'ReplyFinished', answer)
    ) AS event(step, kind, message)
  )
  UPDATE chat.conversation SET message_count = 2 * $2::integer, event_seq = 4 * $2::integer WHERE id = $1::uuid`
