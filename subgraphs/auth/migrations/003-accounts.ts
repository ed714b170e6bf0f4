import { Migration } from '@mikro-orm/migrations'

export class Accounts extends Migration {
  override up(): void {
    this.addSql(`
      ALTER TABLE auth.user
        ADD COLUMN email_verified_at timestamptz(3),
        ADD COLUMN avatar_url text,
        ADD COLUMN suspended_at timestamptz(3),
        ADD COLUMN token_version int NOT NULL DEFAULT 0`)
    this.addSql('CREATE INDEX user_by_username ON auth.user (username_key text_pattern_ops)')
    this.addSql("CREATE INDEX user_by_name ON auth.user USING gin (to_tsvector('simple', display_name))")
    this.addSql("CREATE INDEX user_administrators ON auth.user (id) WHERE 'ADMIN' = ANY (roles)")
    this.addRevocations()
    this.addMail()
    this.addSecondFactor()
    this.addAudit()
    this.addSql(`
      CREATE TABLE auth.signing_key (
        kid text PRIMARY KEY,
        public_key jsonb NOT NULL,
        sealed_private_key bytea,
        active_from timestamptz(3) NOT NULL,
        retires_at timestamptz(3),
        token_seconds int NOT NULL
      )`)
    this.addSql(`
      CREATE TABLE auth.deletion (
        position bigint PRIMARY KEY,
        user_id uuid NOT NULL,
        deleted_at timestamptz(3) NOT NULL,
        settled_at timestamptz(3) NOT NULL,
        anonymise_at timestamptz(3)
      )`)
    this.addSql('CREATE INDEX deletion_to_anonymise ON auth.deletion (position) WHERE anonymise_at IS NOT NULL')
  }

  /** Sessions that were ended before are carried over: their access tokens may still be valid. */
  private addRevocations(): void {
    this.addSql(`
      CREATE TABLE auth.revocation (
        id uuid PRIMARY KEY,
        session_id uuid,
        user_id uuid,
        token_version int,
        revoked_at timestamptz(3) NOT NULL,
        xact_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
        CONSTRAINT revocation_names_one CHECK ((session_id IS NULL) <> (user_id IS NULL)),
        CONSTRAINT revocation_of_user CHECK ((user_id IS NULL) = (token_version IS NULL))
      )`)
    this.addSql('CREATE INDEX revocation_order ON auth.revocation (xact_id, id)')
    this.addSql('DROP INDEX auth.session_ended_index')
    this.addSql(`
      INSERT INTO auth.revocation (id, session_id, revoked_at)
      SELECT id, id, ended_at FROM auth.session WHERE ended_at > now() - interval '1 day'`)
  }

  private addMail(): void {
    this.addSql(`
      CREATE TABLE auth.pending_sign_up (
        id uuid PRIMARY KEY,
        email text NOT NULL,
        email_key text NOT NULL,
        username text NOT NULL,
        username_key text NOT NULL,
        display_name text NOT NULL,
        password_hash text NOT NULL,
        created_at timestamptz(3) NOT NULL,
        expires_at timestamptz(3) NOT NULL
      )`)
    this.addSql('CREATE INDEX pending_sign_up_by_email ON auth.pending_sign_up (email_key, created_at)')
    this.addSql('CREATE INDEX pending_sign_up_by_username ON auth.pending_sign_up (username_key, created_at)')
    this.addSql(`
      CREATE TABLE auth.mail_job (
        id uuid PRIMARY KEY,
        kind text NOT NULL,
        email_key text,
        user_id uuid CONSTRAINT mail_job_user_id_foreign REFERENCES auth.user ON DELETE CASCADE,
        pending_sign_up_id uuid CONSTRAINT mail_job_pending_sign_up_id_foreign
          REFERENCES auth.pending_sign_up ON DELETE CASCADE,
        attempts int NOT NULL DEFAULT 0,
        next_attempt_at timestamptz(3) NOT NULL,
        expires_at timestamptz(3) NOT NULL,
        CONSTRAINT mail_job_has_one_recipient CHECK (num_nonnulls(email_key, user_id, pending_sign_up_id) = 1)
      )`)
    this.addSql('CREATE INDEX mail_job_due ON auth.mail_job (next_attempt_at)')
    this.addSql('CREATE INDEX mail_job_user_index ON auth.mail_job (user_id)')
    this.addSql('CREATE INDEX mail_job_pending_index ON auth.mail_job (pending_sign_up_id)')
    this.addSql(`
      CREATE TABLE auth.mailed_token (
        digest bytea PRIMARY KEY,
        purpose text NOT NULL,
        email_key text NOT NULL,
        user_id uuid CONSTRAINT mailed_token_user_id_foreign REFERENCES auth.user ON DELETE CASCADE,
        pending_sign_up_id uuid CONSTRAINT mailed_token_pending_sign_up_id_foreign
          REFERENCES auth.pending_sign_up ON DELETE CASCADE,
        expires_at timestamptz(3) NOT NULL,
        CONSTRAINT mailed_token_has_one_owner CHECK ((user_id IS NULL) <> (pending_sign_up_id IS NULL))
      )`)
    this.addSql('CREATE INDEX mailed_token_user_index ON auth.mailed_token (user_id)')
    this.addSql('CREATE INDEX mailed_token_pending_index ON auth.mailed_token (pending_sign_up_id)')
  }

  private addSecondFactor(): void {
    this.addSql(`
      CREATE TABLE auth.totp (
        user_id uuid PRIMARY KEY CONSTRAINT totp_user_id_foreign REFERENCES auth.user ON DELETE CASCADE,
        sealed_secret bytea NOT NULL,
        created_at timestamptz(3) NOT NULL,
        confirmed_at timestamptz(3),
        last_step int NOT NULL DEFAULT 0
      )`)
    this.addSql(`
      CREATE TABLE auth.recovery_code (
        user_id uuid NOT NULL CONSTRAINT recovery_code_user_id_foreign REFERENCES auth.user ON DELETE CASCADE,
        digest bytea NOT NULL,
        PRIMARY KEY (user_id, digest)
      )`)
  }

  /** No references: what was done outlives who did it. */
  private addAudit(): void {
    this.addSql(`
      CREATE TABLE auth.audit_event (
        id uuid PRIMARY KEY,
        action text NOT NULL,
        actor_id uuid,
        subject_id uuid,
        ip_address text,
        user_agent text,
        details text,
        created_at timestamptz(3) NOT NULL
      )`)
    this.addSql('CREATE INDEX audit_event_by_actor ON auth.audit_event (actor_id, id)')
    this.addSql('CREATE INDEX audit_event_by_subject ON auth.audit_event (subject_id, id)')
  }
}
