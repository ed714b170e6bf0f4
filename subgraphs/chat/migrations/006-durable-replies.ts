import { Migration } from '@mikro-orm/migrations'

/**
 * Replies with several versions, what they cost, the tools they used, and what the assistant does beside them.
 *
 * A version is a generation. The selected one's text is the message's body, the others keep theirs; while one grows, its
 * text lies in chunks. What somebody has used outlives the conversations it was used in, so that deleting one gives no
 * quota back.
 */
export class DurableReplies extends Migration {
  override up(): void {
    this.addSql(GENERATIONS)
    this.addSql(TOOLS)
    this.addSql(USAGE)
    this.addSql(BESIDE)
  }
}

const GENERATIONS = `
  ALTER TABLE chat.generation DROP CONSTRAINT generation_status_check,
    ADD CONSTRAINT generation_status_check
      CHECK (status IN ('QUEUED', 'RUNNING', 'COMPLETED', 'CANCELLED', 'FAILED', 'INTERRUPTED')),
    ADD COLUMN requested_by uuid,
    ADD COLUMN is_selected boolean NOT NULL DEFAULT true,
    ADD COLUMN body text,
    ADD COLUMN base_attempt integer NOT NULL DEFAULT 0,
    ADD COLUMN kept_length integer,
    ADD COLUMN step_length integer NOT NULL DEFAULT 0,
    ADD COLUMN continues boolean NOT NULL DEFAULT false,
    ADD COLUMN is_parked boolean NOT NULL DEFAULT false,
    ADD COLUMN finish_reason text CHECK (finish_reason IN ('stop', 'length')),
    ADD COLUMN endpoint text,
    ADD COLUMN prompt_tokens integer,
    ADD COLUMN accounted_length integer NOT NULL DEFAULT 0,
    ADD COLUMN summarised_messages integer NOT NULL DEFAULT 0;
  -- Those that have ended stay as they are, and the table is not written anew: null says enough of them.
  UPDATE chat.generation SET requested_by = question.author_id
    FROM chat.message reply
    JOIN chat.message question ON question.conversation_id = reply.conversation_id AND question.id = reply.answers_id
    WHERE reply.conversation_id = generation.conversation_id AND reply.id = generation.message_id
      AND generation.status IN ('QUEUED', 'RUNNING');

  DROP INDEX chat.generation_to_do;
  CREATE INDEX generation_to_do ON chat.generation (created_at)
    WHERE status IN ('QUEUED', 'RUNNING') AND NOT is_parked;
  CREATE INDEX generation_parked ON chat.generation (conversation_id) WHERE is_parked;
  DROP INDEX chat.generation_by_message;
  CREATE INDEX generation_by_message ON chat.generation (conversation_id, message_id);
  CREATE UNIQUE INDEX generation_one_selected ON chat.generation (conversation_id, message_id) WHERE is_selected;
  CREATE UNIQUE INDEX generation_one_at_work ON chat.generation (conversation_id, message_id)
    WHERE status IN ('QUEUED', 'RUNNING');
  -- A few rows each, whoever asked for many: what is under way is counted with every question.
  CREATE INDEX generation_at_work_for ON chat.generation (requested_by) WHERE status IN ('QUEUED', 'RUNNING');
  -- For the departure of whoever asked.
  CREATE INDEX generation_by_requester ON chat.generation (requested_by) WHERE requested_by IS NOT NULL;
`

const TOOLS = `
  CREATE TABLE chat.tool_call (
    conversation_id uuid NOT NULL,
    id uuid NOT NULL,
    generation_id uuid NOT NULL,
    message_id uuid NOT NULL,
    -- Which answer of the model it was part of, from 1, and its place in it, from 0.
    step integer NOT NULL CHECK (step > 0),
    position integer NOT NULL CHECK (position >= 0),
    -- How much of the reply's text had been written before it, in UTF-16 code units.
    text_offset integer NOT NULL CHECK (text_offset >= 0),
    provider_id text NOT NULL,
    name text NOT NULL,
    arguments text NOT NULL,
    result text,
    status text NOT NULL CHECK (status IN ('AWAITING_APPROVAL', 'RUNNING', 'DONE', 'FAILED', 'REFUSED')),
    -- What the asker said; null while they have not, and where nobody asks them.
    approved boolean,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    -- From then on it may have been done.
    started_at timestamptz(3),
    finished_at timestamptz(3),
    PRIMARY KEY (conversation_id, id),
    UNIQUE (conversation_id, generation_id, step, position),
    FOREIGN KEY (conversation_id, generation_id) REFERENCES chat.generation
  );
  CREATE INDEX tool_call_by_id ON chat.tool_call (id);
  CREATE INDEX tool_call_by_message ON chat.tool_call (conversation_id, message_id);

  -- Whose words a result holds, of whatever conversation: it is taken back when they are.
  CREATE TABLE chat.tool_quote (
    conversation_id uuid NOT NULL,
    tool_call_id uuid NOT NULL,
    quoted_conversation_id uuid NOT NULL,
    message_id uuid NOT NULL,
    PRIMARY KEY (conversation_id, tool_call_id, message_id),
    FOREIGN KEY (conversation_id, tool_call_id) REFERENCES chat.tool_call ON DELETE CASCADE
  );
  CREATE INDEX tool_quote_by_message ON chat.tool_quote (quoted_conversation_id, message_id);
`

const USAGE = `
  -- Locked by whoever asks for a reply or reserves tokens, so that nobody overdraws.
  CREATE TABLE chat.assistant_account (
    user_id uuid PRIMARY KEY
  );

  CREATE TABLE chat.usage_day (
    user_id uuid NOT NULL,
    day date NOT NULL,
    model text NOT NULL,
    input_tokens bigint NOT NULL DEFAULT 0,
    output_tokens bigint NOT NULL DEFAULT 0,
    replies integer NOT NULL DEFAULT 0,
    PRIMARY KEY (user_id, day, model)
  );

  -- What a reply under way may still cost.
  CREATE TABLE chat.token_reservation (
    conversation_id uuid NOT NULL,
    generation_id uuid NOT NULL,
    user_id uuid NOT NULL,
    day date NOT NULL,
    tokens integer NOT NULL CHECK (tokens >= 0),
    PRIMARY KEY (conversation_id, generation_id)
  );
  CREATE INDEX token_reservation_by_user ON chat.token_reservation (user_id, day);
`

const BESIDE = `
  -- What was said from one message up to another, in the assistant's own words.
  CREATE TABLE chat.conversation_summary (
    conversation_id uuid PRIMARY KEY REFERENCES chat.conversation,
    since integer NOT NULL DEFAULT 1 CHECK (since > 0),
    up_to integer NOT NULL CHECK (up_to > 0),
    body text NOT NULL,
    created_at timestamptz(3) NOT NULL DEFAULT now()
  );

  -- What the assistant is to do beside its replies: name a conversation, sum up its beginning.
  CREATE TABLE chat.assistant_task (
    conversation_id uuid NOT NULL REFERENCES chat.conversation,
    kind text NOT NULL CHECK (kind IN ('TITLE', 'SUMMARY')),
    requested_by uuid,
    model text NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    lease_until timestamptz,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    PRIMARY KEY (conversation_id, kind)
  );
  CREATE INDEX assistant_task_to_do ON chat.assistant_task (created_at);
`
