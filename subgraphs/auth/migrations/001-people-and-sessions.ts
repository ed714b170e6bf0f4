import { Migration } from '@mikro-orm/migrations'

export class PeopleAndSessions extends Migration {
  override up(): void {
    this.addSql(`
      CREATE TABLE auth.user (
        id uuid PRIMARY KEY,
        email text NOT NULL,
        email_key text NOT NULL CONSTRAINT user_email_key UNIQUE,
        username text NOT NULL,
        username_key text NOT NULL CONSTRAINT user_username_key UNIQUE,
        display_name text NOT NULL,
        roles text[] NOT NULL,
        created_at timestamptz(3) NOT NULL
      )`)
    this.addSql(`
      CREATE TABLE auth.password (
        user_id uuid PRIMARY KEY CONSTRAINT password_user_id_foreign REFERENCES auth.user ON DELETE CASCADE,
        hash text NOT NULL,
        changed_at timestamptz(3) NOT NULL
      )`)
    this.addSql(`
      CREATE TABLE auth.session (
        id uuid PRIMARY KEY,
        user_id uuid NOT NULL CONSTRAINT session_user_id_foreign REFERENCES auth.user ON DELETE CASCADE,
        generation int NOT NULL,
        token_digest bytea NOT NULL,
        rotated_at timestamptz(3) NOT NULL,
        created_at timestamptz(3) NOT NULL,
        idle_expires_at timestamptz(3) NOT NULL,
        expires_at timestamptz(3) NOT NULL,
        ended_at timestamptz(3),
        end_reason text,
        user_agent text,
        address text
      )`)
    this.addSql('CREATE INDEX session_user_index ON auth.session (user_id)')
  }
}
