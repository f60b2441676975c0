#!/bin/bash
# A replica that streams from the primary: copied once, in a folder beside, so that half a copy is never started.
set -euo pipefail

copy="$PGDATA.copying"
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    rm -rf "$copy"
    # It stands in the replica's own settings afterwards, which only PostgreSQL can read.
    PGPASSWORD="$(cat "${SECRETS:-/run/secrets}/replication_password")" pg_basebackup --pgdata "$copy" \
        --dbname "host=${PRIMARY_HOST:-primary} port=${PRIMARY_PORT:-5432} user=replication" \
        --wal-method stream --checkpoint fast --slot replica --write-recovery-conf
    rm -rf "$PGDATA"
    mv "$copy" "$PGDATA"
fi
# The name that the primary waits for; the copying above has another one, which it does not. Once promoted, this one
# waits for no replica: there is none any more.
exec postgres -D "$PGDATA" -c cluster_name=replica -c synchronous_standby_names= "$@"
