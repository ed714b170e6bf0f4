/**
 * The SQL condition that somebody may read a conversation: what the policy calls to see it. It speaks of the row
 * `conversation` and takes one parameter, the viewer's id; with null nothing is readable.
 */
export const IS_READABLE = `(conversation.deleted_at IS NULL AND EXISTS (
  SELECT FROM (SELECT ?::uuid AS id) viewer WHERE viewer.id IS NOT NULL AND (
    conversation.kind = 'CHANNEL' OR EXISTS (
      SELECT FROM chat.member WHERE member.conversation_id = conversation.id AND member.user_id = viewer.id))))`
