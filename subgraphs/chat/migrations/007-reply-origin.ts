import { Migration } from '@mikro-orm/migrations'

/**
 * Which request asked for a reply, and for a title or a summary, so that what a worker logs of it is found by the same id,
 * and of a reply what it traces, too: null in what was asked for before. And since when a reply waits for a worker: in what
 * was asked for before, since now.
 */
export class ReplyOrigin extends Migration {
  override up(): void {
    this.addSql(`
      ALTER TABLE chat.generation
        ADD COLUMN request_id text CHECK (length(request_id) <= 128),
        ADD COLUMN trace_parent text CHECK (length(trace_parent) <= 55),
        ADD COLUMN waiting_since timestamptz(3) NOT NULL DEFAULT now()`)
    this.addSql(`
      ALTER TABLE chat.assistant_task
        ADD COLUMN request_id text CHECK (length(request_id) <= 128)`)
  }
}
