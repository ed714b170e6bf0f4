import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { decodeId, encodeId, newUuid } from '../../platform/ids.ts'

export const KINDS = ['ASSISTANT', 'DIRECT', 'GROUP', 'CHANNEL'] as const
export type Kind = (typeof KINDS)[number]

export interface SceneOptions {
  /** Who said what the assistant replied to; a colleague unless given. */
  readonly author?: 'the viewer'
  /** What a colleague of the members is in a GROUP or CHANNEL; MEMBER unless given. */
  readonly colleague?: 'ADMIN' | 'OWNER'
}

/** Who takes part, by `usr_…`. */
export interface Cast {
  /** Who will ask; null for nobody. */
  readonly viewerId: string | null
  readonly members: Readonly<Record<'MEMBER' | 'ADMIN' | 'OWNER', string>>
  /** In GROUPs and CHANNELs beside the members. */
  readonly colleagueId: string
  /** In no conversation. */
  readonly newcomerId: string
}

/** A conversation in which a question was asked and answered. Ids are as clients see them. */
export interface ConversationScene {
  readonly conversationId: string
  readonly title: string
  /** The question, which holds the word, and the reply, which does not. */
  readonly messageId: string
  readonly replyId: string
  /** The reply's one version, and a tool call in it that was refused. */
  readonly versionId: string
  readonly toolCallId: string
  readonly word: string
  readonly viewerId: string | null
  readonly colleagueId: string
  readonly newcomerId: string
}

/** Puts a new conversation of this kind straight into the database, with everybody in it whom its kind admits. */
export async function setScene(
  sql: pg.Client,
  kind: Kind,
  cast: Cast,
  options: SceneOptions,
): Promise<ConversationScene> {
  // Two people have one DIRECT conversation, so each has somebody of its own in it.
  const colleagueId = kind === 'DIRECT' ? encodeId('usr', newUuid()) : cast.colleagueId
  const conversation = newUuid()
  const [question, reply, version, toolCall] = [newUuid(), newUuid(), newUuid(), newUuid()]
  const [title, word] = [`Scene ${conversation}`, `word${conversation.replaceAll('-', '')}`]
  const members = membersOf(kind, cast, colleagueId, options)
  const author = options.author === 'the viewer' && cast.viewerId ? cast.viewerId : colleagueId
  await sql.query(STAGE, [
    conversation,
    kind,
    kind === 'DIRECT' ? null : title,
    randomUUID(),
    JSON.stringify(members),
    question,
    reply,
    decodeId('usr', author),
    `Here is a ${word}`,
    version,
    toolCall,
  ])
  return {
    conversationId: encodeId('cnv', conversation),
    title,
    messageId: encodeId('msg', question),
    replyId: encodeId('msg', reply),
    versionId: encodeId('ver', version),
    toolCallId: encodeId('tcl', toolCall),
    word,
    viewerId: cast.viewerId,
    colleagueId,
    newcomerId: cast.newcomerId,
  }
}

function membersOf(kind: Kind, { members }: Cast, colleagueId: string, { colleague }: SceneOptions) {
  const everybody = [...Object.entries(members), [colleague ?? 'MEMBER', colleagueId] as const]
  const roles = {
    ASSISTANT: [['OWNER', members.OWNER] as const],
    DIRECT: [['MEMBER', members.MEMBER] as const, ['MEMBER', colleagueId] as const],
    GROUP: everybody,
    CHANNEL: everybody,
  }[kind]
  return roles.map(([role, id]) => ({ id: decodeId('usr', id), role }))
}

const STAGE = `
  WITH taking_part AS (
    SELECT * FROM jsonb_to_recordset($5::jsonb) AS m(id uuid, role text)
  ), conversation AS (
    INSERT INTO chat.conversation (id, kind, title, epoch, event_seq, message_count, member_count)
    SELECT $1::uuid, $2, $3, $4::uuid, 4, 2, count(*) FROM taking_part
  ), members AS (
    INSERT INTO chat.member (conversation_id, user_id, role) SELECT $1::uuid, id, role FROM taking_part
  ), pair AS (
    INSERT INTO chat.direct_pair (lower_user_id, higher_user_id, conversation_id)
    SELECT min(id::text)::uuid, max(id::text)::uuid, $1::uuid FROM taking_part HAVING $2 = 'DIRECT'
  ), messages AS (
    INSERT INTO chat.message (conversation_id, number, id, role, author_id, client_id, answers_id, body) VALUES
      ($1::uuid, 1, $6::uuid, 'USER', $8::uuid, gen_random_uuid(), NULL, $9),
      ($1::uuid, 2, $7::uuid, 'ASSISTANT', NULL, NULL, $6::uuid, 'An answer')
  ), generation AS (
    INSERT INTO chat.generation
      (conversation_id, id, message_id, requested_by, status, finish_reason, model, attempt, text_length, finished_at)
    VALUES ($1::uuid, $10::uuid, $7::uuid, $8::uuid, 'COMPLETED', 'stop', 'demo', 1, 9, now())
  ), call AS (
    INSERT INTO chat.tool_call
      (conversation_id, id, generation_id, message_id, step, position, text_offset, provider_id, name, arguments, result,
       status, approved)
    VALUES ($1::uuid, $11::uuid, $10::uuid, $7::uuid, 1, 0, 0, 'call_1', 'a_tool', '{}', 'It was refused.', 'REFUSED', false)
  )
  INSERT INTO chat.conversation_event (conversation_id, seq, kind, message_id) VALUES
    ($1::uuid, 1, 'MessageAdded', $6::uuid), ($1::uuid, 2, 'MessageAdded', $7::uuid),
    ($1::uuid, 3, 'ReplyStarted', $7::uuid), ($1::uuid, 4, 'ReplyFinished', $7::uuid)`
