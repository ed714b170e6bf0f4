#!/bin/sh
# Makes the two roles of Parley, each with rights on a schema of its own and nothing else. The official Postgres image
# runs this once, on an empty data directory; it may be run again, also on a database that has the roles and schemas.
#
# Reads POSTGRES_USER (a superuser), POSTGRES_DB, and the files that AUTH_PASSWORD_FILE and CHAT_PASSWORD_FILE name.
set -eu
: "${AUTH_PASSWORD_FILE:?}" "${CHAT_PASSWORD_FILE:?}"

# psql reads the passwords itself: an argument could be seen in the list of processes.
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
\set auth_password `cat "$AUTH_PASSWORD_FILE"`
\set chat_password `cat "$CHAT_PASSWORD_FILE"`
\set database `echo "$POSTGRES_DB"`

SELECT format('CREATE ROLE %I', name) FROM unnest(ARRAY['parley_auth', 'parley_chat']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec
ALTER ROLE parley_auth LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'auth_password';
ALTER ROLE parley_chat LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'chat_password';

-- Without this every role may connect to every database of the cluster, and make temporary tables in it.
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO parley_auth, parley_chat;
REVOKE ALL ON SCHEMA public FROM PUBLIC;

CREATE SCHEMA IF NOT EXISTS auth AUTHORIZATION parley_auth;
CREATE SCHEMA IF NOT EXISTS chat AUTHORIZATION parley_chat;
-- What search needs; the role itself may not install it.
CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA chat;
SQL
