#!/bin/sh
# Sees to a certificate before nginx starts: one of your own, or, if you say so, one that signs itself.
set -eu

folder="${1:-/etc/videoai/tls}"
if [ -s "$folder/tls.crt" ] && [ -s "$folder/tls.key" ]; then
    exit 0
fi
if [ "${SELF_SIGNED:-false}" != true ]; then
    echo "There is no certificate. Set CERTIFICATES=/folder/with (tls.crt and tls.key), or to try it out" \
        "SELF_SIGNED=true, which no browser trusts." >&2
    exit 1
fi
umask 077
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=$SERVER_NAME" \
    -addext "subjectAltName=DNS:$SERVER_NAME" -keyout "$folder/tls.key.new" -out "$folder/tls.crt.new" 2>/dev/null
mv "$folder/tls.key.new" "$folder/tls.key"
mv "$folder/tls.crt.new" "$folder/tls.crt"
