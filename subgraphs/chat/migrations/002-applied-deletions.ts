import { Migration } from '@mikro-orm/migrations'

/** How far auth's list of deleted accounts was applied, and what finds the messages of one author. */
export class AppliedDeletions extends Migration {
  override up(): void {
    this.addSql(`
      CREATE TABLE chat.deletion_progress (
        look text PRIMARY KEY CHECK (look IN ('FIRST', 'SECOND')),
        position bigint NOT NULL
      );
      INSERT INTO chat.deletion_progress (look, position) VALUES ('FIRST', 0), ('SECOND', 0);

      CREATE INDEX message_by_author ON chat.message (author_id, conversation_id) WHERE author_id IS NOT NULL;
    `)
  }
}
