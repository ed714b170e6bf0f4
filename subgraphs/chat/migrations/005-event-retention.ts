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
        identity jsonb NOT NULL
      );
    `)
    this.addSql(IDENTITY)
  }
}

/**
 * Names this database by what a copy of it does not share: the cluster's identifier, its timeline, which each recovery
 * and each failover raises, and the oids of the database and of a table, which are others after a dump was restored.
 * What the server lets nobody ask for is left out. Null on a standby, which has no timeline of its own.
 *
 * A function, so that all of it comes over one connection, and a refusal does not end the caller's transaction.
 */
const IDENTITY = `
  CREATE FUNCTION chat.event_log_identity() RETURNS jsonb LANGUAGE plpgsql AS $$
  DECLARE
    identity jsonb := jsonb_build_object(
      'database', (SELECT oid::text FROM pg_database WHERE datname = current_database()),
      'table', 'chat.conversation'::regclass::oid::text);
  BEGIN
    IF pg_is_in_recovery() THEN
      RETURN NULL;
    END IF;
    BEGIN
      identity := identity || jsonb_build_object('cluster', (SELECT system_identifier::text FROM pg_control_system()));
    EXCEPTION WHEN insufficient_privilege OR undefined_function OR feature_not_supported THEN NULL;
    END;
    BEGIN
      identity := identity || jsonb_build_object('timeline', left(pg_walfile_name(pg_current_wal_lsn()), 8));
    EXCEPTION WHEN insufficient_privilege OR undefined_function OR feature_not_supported THEN NULL;
    END;
    RETURN identity;
  END $$;
`
