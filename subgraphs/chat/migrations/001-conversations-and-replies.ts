import { Migration } from '@mikro-orm/migrations'

/**
 * Every table that grows with talk has `conversation_id` first in its primary key, so that it can be sharded by
 * conversation. Sequence numbers are counters on the conversation's row: whoever holds the row's lock commits next, so
 * commit order is number order and a rollback leaves no gap.
 */
export class ConversationsAndReplies extends Migration {
  override up(): void {
    this.addSql(`
      CREATE TABLE chat.conversation (
        id uuid PRIMARY KEY,
        kind text NOT NULL CHECK (kind IN ('ASSISTANT', 'GROUP')),
        title text,
        topic text,
        assistant jsonb,
        epoch uuid NOT NULL,
        event_seq integer NOT NULL DEFAULT 0,
        message_count integer NOT NULL DEFAULT 0,
        member_count integer NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        last_activity_at timestamptz(3) NOT NULL DEFAULT now()
      ) WITH (fillfactor = 70);

      CREATE TABLE chat.member (
        conversation_id uuid NOT NULL REFERENCES chat.conversation,
        user_id uuid NOT NULL,
        role text NOT NULL CHECK (role IN ('OWNER', 'MEMBER')),
        joined_at timestamptz(3) NOT NULL DEFAULT now(),
        PRIMARY KEY (conversation_id, user_id)
      );
      CREATE INDEX member_by_user ON chat.member (user_id, conversation_id);

      CREATE TABLE chat.message (
        conversation_id uuid NOT NULL REFERENCES chat.conversation,
        number integer NOT NULL CHECK (number > 0),
        id uuid NOT NULL,
        role text NOT NULL CHECK (role IN ('USER', 'ASSISTANT')),
        author_id uuid,
        client_id uuid,
        answers_id uuid,
        body text NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        PRIMARY KEY (conversation_id, number)
      );
      CREATE INDEX message_by_id ON chat.message (id);
      CREATE UNIQUE INDEX message_once_per_client_id ON chat.message (conversation_id, author_id, client_id)
        WHERE client_id IS NOT NULL;
      CREATE UNIQUE INDEX message_one_reply_per_question ON chat.message (conversation_id, answers_id)
        WHERE answers_id IS NOT NULL;

      CREATE TABLE chat.conversation_event (
        conversation_id uuid NOT NULL REFERENCES chat.conversation,
        seq integer NOT NULL CHECK (seq > 0),
        kind text NOT NULL CHECK (kind IN ('MessageAdded', 'ReplyStarted', 'ReplyFinished')),
        message_id uuid NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        PRIMARY KEY (conversation_id, seq)
      );

      CREATE TABLE chat.generation (
        conversation_id uuid NOT NULL REFERENCES chat.conversation,
        id uuid NOT NULL,
        message_id uuid NOT NULL,
        status text NOT NULL CHECK (status IN ('QUEUED', 'RUNNING', 'COMPLETED', 'FAILED')),
        model text NOT NULL,
        attempt integer NOT NULL DEFAULT 0,
        lost_workers integer NOT NULL DEFAULT 0,
        lease_until timestamptz,
        text_length integer NOT NULL DEFAULT 0,
        omitted_messages integer NOT NULL DEFAULT 0,
        input_tokens integer,
        output_tokens integer,
        usage_is_estimated boolean,
        error_code text,
        error_message text,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        started_at timestamptz(3),
        first_token_at timestamptz(3),
        finished_at timestamptz(3),
        PRIMARY KEY (conversation_id, id)
      ) WITH (fillfactor = 70);
      CREATE UNIQUE INDEX generation_by_message ON chat.generation (conversation_id, message_id);
      CREATE INDEX generation_to_do ON chat.generation (created_at) WHERE status IN ('QUEUED', 'RUNNING');

      CREATE TABLE chat.generation_chunk (
        conversation_id uuid NOT NULL,
        generation_id uuid NOT NULL,
        attempt integer NOT NULL,
        start_offset integer NOT NULL,
        end_offset integer NOT NULL CHECK (end_offset > start_offset),
        text text NOT NULL,
        PRIMARY KEY (conversation_id, generation_id, attempt, start_offset),
        FOREIGN KEY (conversation_id, generation_id) REFERENCES chat.generation
      );
    `)
  }
}
