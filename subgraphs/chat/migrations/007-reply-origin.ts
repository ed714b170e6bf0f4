import { Migration } from '@mikro-orm/migrations'

/**
 * Which request asked for a reply, and for a title or a summary, so that what a worker logs and traces of it is found by
 * the same id. Null in what was asked for before.
 */
export class ReplyOrigin extends Migration {
  override up(): void {
    for (const table of ['generation', 'assistant_task']) {
      this.addSql(`
        ALTER TABLE chat.${table}
          ADD COLUMN request_id text CHECK (length(request_id) <= 128),
          ADD COLUMN trace_parent text CHECK (length(trace_parent) <= 55)`)
    }
  }
}
