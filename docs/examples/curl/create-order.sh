#!/bin/sh
# Creates a QRIS order of Rp 25.000 and says where to send the payer. Needs curl and jq.
#
#   GATEWAY_URL=http://127.0.0.1:8080 API_KEY=gk_… ./create-order.sh INV-0001
#
# The reference makes it safe to repeat: the same request again is the same order, never a second one.
# So curl may repeat it whenever the outcome is not known (503, 429, no connection, a timeout): it
# waits as long as Retry-After says and sends the same body.
set -eu
reference=${1:?which reference?}
reply=$(mktemp)
trap 'rm -f "$reply"' EXIT

status=$(curl -sS --retry 5 --retry-connrefused --max-time 40 -o "$reply" -w '%{http_code}' \
  "$GATEWAY_URL/v1/orders" \
  -H "Authorization: Bearer $API_KEY" \
  -H 'Content-Type: application/json' \
  -d '{
        "reference": "'"$reference"'",
        "amount": {"value": "25000.00", "currency": "IDR"},
        "payment": {"method": "qris"},
        "expires_in": 3600
      }')

case $status in
  201 | 202) # 202: the provider's answer is outstanding; the gateway finds out by itself
    jq -r '"order \(.id) is \(.status)\npayment \(.payments[0].id)\nsend the payer to \(.checkout_url)"' "$reply"
    ;;
  *)
    jq -r '"\(.code): \(.detail // .title) (request \(.request_id))"' "$reply" >&2
    exit 1
    ;;
esac
