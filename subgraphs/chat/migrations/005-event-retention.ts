import { Migration } from '@mikro-orm/migrations'

/**
 * What bounds the event log, and what tells one run of it from another.
 *
 * `event_floor`: events up to this one have been pruned. Every thousandth event is in an index of its own, so that long
 * logs are found without a look at the others; a condition on the conversation's counters would cost each message the
 * in-place update of that row.
 *
 * `event_log_home` names the database that the log was last written in. When it is another one, which a restore or a
 * failover makes it, every conversation begins a new run of its log.
 */
export class EventRetention extends Migration {
  override up(): void {
    this.addSql(`
      ALTER TABLE chat.conversation ADD COLUMN event_floor integer NOT NULL DEFAULT 0;
      CREATE INDEX conversation_event_thousandth ON chat.conversation_event (conversation_id, seq) WHERE seq % 1000 = 0;

      CREATE TABLE chat.event_log_home (
        one boolean PRIMARY KEY DEFAULT true CHECK (one),
        identity text NOT NULL
      );
    `)
  }
}
