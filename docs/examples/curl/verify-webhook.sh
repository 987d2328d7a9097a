#!/bin/sh
# Says whether a webhook is the gateway's: the raw body comes on stdin, its three headers as arguments.
# Needs openssl. For a webhook that you caught and wonder about; a shop verifies in its own program.
#
#   WEBHOOK_SECRET=whsec_… ./verify-webhook.sh "$webhook_id" "$webhook_timestamp" "$webhook_signature" < body
set -euf
id=${1:?webhook-id?} timestamp=${2:?webhook-timestamp?} signatures=${3:?webhook-signature?}

case $timestamp in
  *[!0-9]*) echo "refused: webhook-timestamp is not a number" >&2; exit 1 ;;
esac
age=$(($(date +%s) - timestamp))
if [ "${age#-}" -gt 300 ]; then
  echo "refused: sent $age s ago; five minutes either way are permitted" >&2
  exit 1
fi

# The key is the base64 behind whsec_. openssl takes it in hex, where "ps" shows it for a moment.
key=$(printf %s "${WEBHOOK_SECRET#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
right=$({ printf '%s.%s.' "$id" "$timestamp"; cat; } |
  openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)

for signature in $signatures; do # several while a secret rotates: one that is right is enough
  if [ "$signature" = "v1,$right" ]; then
    echo "verified: $id"
    exit 0
  fi
done
echo "refused: no signature is right" >&2
exit 1
