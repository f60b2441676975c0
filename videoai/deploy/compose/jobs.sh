#!/bin/sh
# What is to be done by the clock, each day at 01:20 UTC. What fails is told, and the next is done all the same;
# what is missed while this machine is off is done the day after.
set -u

BACKUPS=${BACKUPS:-/backups}
DAY=86400
AT=$((80 * 60))

manage() {
    python manage.py "$@" || echo "jobs: $1 failed with $?; it is tried again tomorrow." >&2
}

while :; do
    now=$(date -u +%s)
    # A day from then at most, and a second at least.
    sleep $(((AT - now % DAY + DAY - 1) % DAY + 1))
    manage backup "$BACKUPS/$(date -u +%Y-%m-%dT%H%M).dump"
    # A second copy elsewhere is yours to see to.
    find "$BACKUPS" -maxdepth 1 -type f -mtime +30 -delete
    manage maintain_usage
    manage clearsessions
    # What it prints of each book belongs somewhere else, as its anchor.
    [ "$(date -u +%u)" != 7 ] || manage verify_audit
done
