/**
 * The SQL condition that somebody may read a conversation: what the policy calls to see it. It speaks of the row
 * `conversation`.
 *
 * @param viewerId SQL for the viewer's id; with null nothing is readable.
 */
export function isReadableBy(viewerId: string): string {
  return `(conversation.deleted_at IS NULL AND EXISTS (
  SELECT FROM (SELECT ${viewerId} AS id) viewer WHERE viewer.id IS NOT NULL AND (
    conversation.kind = 'CHANNEL' OR EXISTS (
      SELECT FROM chat.member WHERE member.conversation_id = conversation.id AND member.user_id = viewer.id))))`
}

/** The same for one viewer: it takes one parameter, the viewer's id. */
export const IS_READABLE = isReadableBy('?::uuid')
