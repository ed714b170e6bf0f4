import { Migration } from '@mikro-orm/migrations'

/**
 * The kinds and rights of conversations, and what people do to messages. Messages are named by their number here: with the
 * conversation's id it is their primary key, so that everything shards with its conversation.
 *
 * What was sent before has no `request_digest`: sending it again counts as what was meant. Reckoning the digests would
 * write every message anew while nobody can read one.
 */
export class WholeConversations extends Migration {
  override up(): void {
    this.addSql(CONVERSATIONS)
    this.addSql(MESSAGES)
    this.addSql(EVENTS)
    this.addSql(PEOPLE)
  }
}

const CONVERSATIONS = `
  ALTER TABLE chat.conversation DROP CONSTRAINT conversation_kind_check,
    ADD CONSTRAINT conversation_kind_check CHECK (kind IN ('ASSISTANT', 'DIRECT', 'GROUP', 'CHANNEL')),
    ADD COLUMN deleted_at timestamptz(3);
  CREATE INDEX conversation_to_remove ON chat.conversation (deleted_at) WHERE deleted_at IS NOT NULL;

  ALTER TABLE chat.member DROP CONSTRAINT member_role_check,
    ADD CONSTRAINT member_role_check CHECK (role IN ('OWNER', 'ADMIN', 'MEMBER')),
    ADD COLUMN read_up_to integer NOT NULL DEFAULT 0,
    ADD COLUMN muted boolean NOT NULL DEFAULT false;
  UPDATE chat.member SET read_up_to = message_count FROM chat.conversation WHERE id = conversation_id;
  CREATE INDEX member_by_joining ON chat.member (conversation_id, joined_at, user_id);

  CREATE TABLE chat.direct_pair (
    lower_user_id uuid NOT NULL,
    higher_user_id uuid NOT NULL CHECK (higher_user_id > lower_user_id),
    -- Checked at the commit: of two who make one at once, the pair decides whose conversation there will be.
    conversation_id uuid NOT NULL REFERENCES chat.conversation DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (lower_user_id, higher_user_id)
  );
  CREATE UNIQUE INDEX direct_pair_by_conversation ON chat.direct_pair (conversation_id);
`

const MESSAGES = `
  ALTER TABLE chat.message DROP CONSTRAINT message_role_check,
    ADD CONSTRAINT message_role_check CHECK (role IN ('USER', 'ASSISTANT', 'SYSTEM')),
    ADD COLUMN reply_to integer CHECK (reply_to < number),
    ADD COLUMN request_digest bytea,
    ADD COLUMN mentions_pending boolean NOT NULL DEFAULT false,
    ADD COLUMN edited_at timestamptz(3),
    ADD COLUMN deleted_at timestamptz(3);
  CREATE INDEX message_replies ON chat.message (conversation_id, reply_to, number) WHERE reply_to IS NOT NULL;
  CREATE INDEX message_never_unread ON chat.message (conversation_id, number)
    WHERE deleted_at IS NOT NULL OR role = 'SYSTEM';
  DROP INDEX chat.message_by_author;
  CREATE INDEX message_by_author ON chat.message (author_id, conversation_id, number) WHERE author_id IS NOT NULL;
  CREATE INDEX message_mentions_pending ON chat.message (conversation_id, number) WHERE mentions_pending;

  CREATE TABLE chat.message_edit (
    conversation_id uuid NOT NULL REFERENCES chat.conversation,
    number integer NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    body text NOT NULL,
    edited_at timestamptz(3) NOT NULL,
    PRIMARY KEY (conversation_id, number, version)
  );

  CREATE TABLE chat.mention (
    conversation_id uuid NOT NULL REFERENCES chat.conversation,
    number integer NOT NULL,
    user_id uuid NOT NULL,
    position integer NOT NULL,
    PRIMARY KEY (conversation_id, user_id, number)
  );
  CREATE INDEX mention_by_message ON chat.mention (conversation_id, number, position);
  CREATE INDEX mention_by_user ON chat.mention (user_id, conversation_id);

  CREATE TABLE chat.reaction (
    conversation_id uuid NOT NULL REFERENCES chat.conversation,
    number integer NOT NULL,
    emoji text NOT NULL,
    user_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (conversation_id, number, emoji, user_id)
  );
  CREATE INDEX reaction_by_user ON chat.reaction (user_id, conversation_id, number);
`

const EVENTS = `
  ALTER TABLE chat.conversation_event DROP CONSTRAINT conversation_event_kind_check,
    ALTER COLUMN message_id DROP NOT NULL,
    ADD COLUMN user_id uuid,
    ADD COLUMN role text CHECK (role IN ('OWNER', 'ADMIN', 'MEMBER')),
    ADD CONSTRAINT conversation_event_kind_check CHECK (
      CASE
        WHEN kind IN ('MessageAdded', 'MessageEdited', 'MessageDeleted', 'ReactionsChanged', 'ReplyStarted', 'ReplyFinished')
          THEN message_id IS NOT NULL AND user_id IS NULL AND role IS NULL
        WHEN kind IN ('MemberAdded', 'MemberRoleChanged')
          THEN message_id IS NULL AND user_id IS NOT NULL AND role IS NOT NULL
        WHEN kind = 'MemberRemoved' THEN message_id IS NULL AND user_id IS NOT NULL AND role IS NULL
        ELSE kind IN ('ConversationUpdated', 'ConversationDeleted')
          AND message_id IS NULL AND user_id IS NULL AND role IS NULL
      END);
`

const PEOPLE = `
  CREATE TABLE chat.inbox_head (
    user_id uuid PRIMARY KEY,
    version bigint NOT NULL DEFAULT 1
  ) WITH (fillfactor = 70);

  CREATE TABLE chat.last_seen (
    user_id uuid PRIMARY KEY,
    seen_at timestamptz(3) NOT NULL
  );
`
