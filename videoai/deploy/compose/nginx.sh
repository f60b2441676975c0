#!/bin/sh
# Fills in nginx.conf.template, with these variables alone: nginx has many of its own that look the same.
set -eu

# shellcheck disable=SC2016
names='${LISTEN_TLS} ${LISTEN_PLAIN} ${SERVER_NAME} ${UPSTREAM_SERVERS} ${CERTIFICATE} ${CERTIFICATE_KEY} ${RUN_FOLDER}'
envsubst "$names" < "${TEMPLATE:-/etc/videoai/nginx.conf.template}" > "$RUN_FOLDER/nginx.conf"
# Told to end, it lets go of streams in time, too: browsers come back by themselves.
exec nginx -c "$RUN_FOLDER/nginx.conf" -g "daemon off; worker_shutdown_timeout 25s;" "$@"
