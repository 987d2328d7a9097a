// Verifies a webhook with the official library; the file named as argument holds what was sent.
import assert from "node:assert";
import { readFileSync } from "node:fs";
import { Webhook, WebhookVerificationError } from "standardwebhooks";

const sent = JSON.parse(readFileSync(process.argv[2], "utf8"));

function verifies(secret, body) {
  try {
    new Webhook(secret).verify(body, sent.headers);
    return true;
  } catch (error) {
    if (error instanceof WebhookVerificationError) return false;
    throw error;
  }
}

for (const secret of sent.secrets) {
  assert(verifies(secret, sent.body), "a right signature is refused");
  assert(!verifies(secret, sent.body + " "), "a changed body is taken");
}
assert(!verifies(sent.wrong_secret, sent.body), "a wrong secret is taken");
console.log("verified");
