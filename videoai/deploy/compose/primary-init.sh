#!/bin/bash
# Run once by the official image, on a new and empty primary: who may connect, and who copies.
set -euo pipefail

psql --set ON_ERROR_STOP=1 --no-psqlrc --quiet --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
-- Read here, not told as arguments, which every process of a machine can see.
\set app_password `cat "${SECRETS:-/run/secrets}/database_password"`
\set replication_password `cat "${SECRETS:-/run/secrets}/replication_password"`

CREATE ROLE videoai LOGIN PASSWORD :'app_password';
SELECT format('ALTER DATABASE %I OWNER TO videoai', current_database()) \gexec
ALTER SCHEMA public OWNER TO videoai;

CREATE ROLE replication LOGIN REPLICATION PASSWORD :'replication_password';
SELECT pg_create_physical_replication_slot('replica');
SQL

echo "host replication replication all scram-sha-256" >> "$PGDATA/pg_hba.conf"

# From the next start on, which follows at once: while this runs, there is no replica that could agree.
# What is acknowledged then lies on both. Without the replica, writes wait until it is back, or until:
#   ALTER SYSTEM RESET synchronous_standby_names; SELECT pg_reload_conf();
psql --set ON_ERROR_STOP=1 --no-psqlrc --quiet --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
    --command "ALTER SYSTEM SET synchronous_standby_names = 'replica'"
