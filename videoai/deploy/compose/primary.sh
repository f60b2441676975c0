#!/bin/bash
# Starts the primary, unless the replica has taken its place: two that take writes would go two ways.
set -euo pipefail

PGPASSWORD="$(cat "${SECRETS:-/run/secrets}/database_password")"
export PGPASSWORD PGCONNECT_TIMEOUT=3
replica="host=${REPLICA_HOST:-replica} port=${REPLICA_PORT:-5432} user=videoai dbname=videoai"
if [ "$(psql "$replica" --no-psqlrc -At --command "SELECT NOT pg_is_in_recovery()" 2>/dev/null)" = t ]; then
    echo "The replica has been promoted, and takes writes. Remove this container, and do not start it again." >&2
    exit 1
fi
unset PGPASSWORD PGCONNECT_TIMEOUT
exec docker-entrypoint.sh "$@"
