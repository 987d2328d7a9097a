//! The text that is printed when everything is ready.

use std::time::Duration;

use crate::stack::running::Stack;

/// Formats addresses, commands to copy, and where to read on.
pub(super) fn ready(stack: &Stack, checkout_link: &str, took: Duration) -> String {
    let api = stack.api_url(0);
    let sandbox = stack.sandbox_url();
    let key = &stack.merchant().api_key;
    let seconds = took.as_secs();
    format!(
        r#"
READY

  API       {api}          documentation: {api}/docs
  Checkout  {checkout_link}
  Sandbox   {sandbox}/_sandbox/   (plays the provider: pay, fail, cancel, refund)

Create a QRIS order of Rp 25.000:

  curl -sS {api}/v1/orders \
    -H 'Authorization: Bearer {key}' \
    -H 'Content-Type: application/json' \
    -d '{{"reference":"INV-'$(date +%s)'","amount":{{"value":"25000.00","currency":"IDR"}},"payment":{{"method":"qris"}}}}'

Pay it: press "pay" on the sandbox page, or, with the id of its payment (payments[0].id):

  curl -sS -X POST {sandbox}/_sandbox/transactions/PAYMENT_ID/pay

Webhooks to the demo shop appear below. Addresses, key and secret are in .run/env, logs in .run/log.
Ctrl-C stops everything. (Up in {seconds} s.)
"#
    )
}
