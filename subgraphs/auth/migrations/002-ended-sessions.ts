import { Migration } from '@mikro-orm/migrations'

export class EndedSessionsIndex extends Migration {
  override up(): void {
    this.addSql('CREATE INDEX session_ended_index ON auth.session (ended_at, id) WHERE ended_at IS NOT NULL')
  }
}
