import { Migration } from '@mikro-orm/migrations'
import { ConfigurationError } from '../../../platform/environment.ts'

/**
 * What finds messages and channels by their words. Two indexes share the work, because pg_trgm sees only those letters
 * that the database's LC_CTYPE calls letters, and in a cluster made with C that is ASCII alone: trigrams find the ASCII
 * in a body, `chat.grams_of` everything else, by single characters and pairs of neighbours, so that scripts that are
 * written without spaces need no words. Deleted messages are in neither.
 */
export class Search extends Migration {
  override async up(): Promise<void> {
    const database = await this.#inspect()
    requireExtension(database)
    if (database.extensionSchema === null) this.addSql('CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA chat')
    this.addSql(folding(database.collation))
    this.addSql(GRAMS)
    this.addSql(PATTERNS)
    this.addSql(indexes(database.extensionSchema ?? 'chat'))
  }

  async #inspect(): Promise<DatabaseFacts> {
    const [facts] = await this.execute(`
      SELECT current_database() AS name, current_user AS "user",
        current_setting('server_encoding') AS encoding,
        (SELECT quote_ident(nspname) FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace
         WHERE extname = 'pg_trgm') AS "extensionSchema",
        EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_trgm') AS "isAvailable",
        has_database_privilege(current_database(), 'CREATE') AS "mayInstall",
        coalesce((SELECT has_schema_privilege(extnamespace, 'USAGE') FROM pg_extension WHERE extname = 'pg_trgm'), true)
          AS "maySee",
        (SELECT 'COLLATE pg_catalog.' || quote_ident(collname) FROM pg_collation
         WHERE collname IN ('pg_c_utf8', 'und-x-icu') AND collnamespace = 'pg_catalog'::regnamespace
         ORDER BY collname = 'pg_c_utf8' DESC LIMIT 1) AS collation`)
    return facts as unknown as DatabaseFacts
  }
}

interface DatabaseFacts {
  readonly name: string
  readonly user: string
  readonly encoding: string
  /** Quoted; null while it is not installed. */
  readonly extensionSchema: string | null
  readonly isAvailable: boolean
  readonly mayInstall: boolean
  readonly maySee: boolean
  /** A clause that knows every script's capitals; null where there is only the database's own. */
  readonly collation: string | null
}

/** @throws ConfigurationError saying what the operator has to do before the schema can be migrated. */
function requireExtension({ name, user, encoding, extensionSchema, isAvailable, mayInstall, maySee }: DatabaseFacts) {
  const wrong = (what: string) => new ConfigurationError(`DATABASE_URL: the database ${name} ${what}`)
  if (encoding !== 'UTF8') throw wrong(`has the encoding ${encoding}; create one with ENCODING 'UTF8'.`)
  if (!maySee) {
    throw wrong(`has the extension pg_trgm in the schema ${extensionSchema}, which ${user} may not use: run
  GRANT USAGE ON SCHEMA ${extensionSchema} TO "${user}"`)
  }
  if (extensionSchema !== null) return
  if (!isAvailable) {
    throw wrong("lacks the extension pg_trgm, which comes with PostgreSQL: install the server's contrib package.")
  }
  if (!mayInstall) {
    throw wrong(`lacks the extension pg_trgm, and ${user} may not install it. As the database's owner run there
  CREATE EXTENSION pg_trgm    or    GRANT CREATE ON DATABASE "${name}" TO "${user}"`)
  }
}

/** More marks in a row than any script writes: ordering them costs the square of their number. */
const MOST_MARKS = 32
/** Of so few characters the square may be as it is. */
const SHORT = 500
/** Beyond it there are variation selectors only, which stay in their order. */
const LAST_MARK = 0x1ffff

/**
 * `chat.fold`: a text in which neither case nor accents matter (U+0300 to U+036F), nor variation selectors. What ASCII has
 * to do is inlined into statements; plpgsql keeps the plan of the rest from one message to the next.
 */
function folding(collation: string | null): string {
  const marks = markClass()
  return `
    CREATE FUNCTION chat.fold_unicode(value text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 500 AS $$
    BEGIN
      RETURN normalize(replace(translate(lower(
        regexp_replace(
          normalize(CASE WHEN char_length(value) <= ${SHORT} THEN value
            ELSE regexp_replace(value, '(${marks}{${MOST_MARKS}})${marks}+', '\\1', 'g') END, NFKD),
          '[\\u0300-\\u036F\\uFE00-\\uFE0F]+', '', 'g') ${collation ?? ''}), 'ς', 'σ'), 'ß', 'ss'), NFC);
    END $$;

    CREATE FUNCTION chat.fold(value text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 100
    RETURN CASE WHEN octet_length(value) = char_length(value) THEN lower(value COLLATE "C")
                ELSE chat.fold_unicode(value) END;

    CREATE FUNCTION chat.ascii_of(value text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 100
    RETURN CASE WHEN octet_length(value) = char_length(value) THEN lower(value COLLATE "C")
                ELSE regexp_replace(chat.fold_unicode(value), '[^\\u0001-\\u007F]+', ' ', 'g') END || ' ';
  `
}

/** Every combining mark that Unicode has, as a class of a Postgres regular expression, which knows no properties. */
function markClass(): string {
  const escaped = (point: number) => `\\U${point.toString(16).padStart(8, '0')}`
  let ranges = ''
  for (let point = 0x300, first = -1; point <= LAST_MARK; point += 1) {
    const isMark = /\p{M}/u.test(String.fromCodePoint(point))
    if (isMark && first < 0) first = point
    if (isMark || first < 0) continue
    ranges += `${escaped(first)}-${escaped(point - 1)}`
    first = -1
  }
  return `[${ranges}]`
}

const GRAMS = `
  CREATE FUNCTION chat.grams_of(value text) RETURNS text[]
  LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 5000 AS $$
  DECLARE
    letters text[] := string_to_array(regexp_replace(chat.fold_unicode(value), '[\\u0001-\\u007F]+', ' ', 'g'), NULL);
  BEGIN
    RETURN array_remove(letters, ' ') || ARRAY(
      SELECT here || next FROM unnest(letters, letters[2:]) AS pair(here, next) WHERE here <> ' ' AND next <> ' ');
  END $$;
`

/**
 * What a word of a query must match. \`grams_sought\` and \`ascii_sought\` are null where the index has nothing to go by. A
 * pair of ASCII letters holds no trigram, but each of the few that it may begin.
 */
const PATTERNS = `
  CREATE FUNCTION chat.containing(word text) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN '%' || regexp_replace(chat.fold(word), '([%_\\\\])', '\\\\\\1', 'g') || '%';

  CREATE FUNCTION chat.ascii_sought(word text) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN CASE
    WHEN chat.ascii_of(word) ~ '^[a-z0-9]{2} $' THEN rtrim(chat.ascii_of(word)) || '[\\u0001-\\u007F]'
    WHEN chat.ascii_of(word) ~ '[a-z0-9]{2}'
      THEN regexp_replace(left(chat.ascii_of(word), -1), '([^a-z0-9])', '\\\\\\1', 'g')
  END;

  CREATE FUNCTION chat.grams_sought(word text) RETURNS text[]
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN nullif(chat.grams_of(word), '{}');
`

const indexes = (extensionSchema: string) => `
  CREATE INDEX message_by_ascii ON chat.message
    USING gin ((chat.ascii_of(body) COLLATE "C") ${extensionSchema}.gin_trgm_ops)
    WHERE deleted_at IS NULL AND body <> '';
  CREATE INDEX message_by_grams ON chat.message USING gin ((chat.grams_of(body) COLLATE "C"))
    WHERE deleted_at IS NULL AND body <> '' AND octet_length(body) <> char_length(body);
  CREATE INDEX message_newest_here ON chat.message (conversation_id, created_at, id)
    WHERE deleted_at IS NULL AND body <> '';
  CREATE INDEX channel_by_title ON chat.conversation
    ((left(chat.fold(coalesce(title, '')), 200) COLLATE "C"), id)
    WHERE kind = 'CHANNEL' AND deleted_at IS NULL;
`
