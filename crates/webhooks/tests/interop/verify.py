"""Verifies a webhook with the official library; the file named as argument holds what was sent."""

import json
import sys

from standardwebhooks import Webhook, WebhookVerificationError

with open(sys.argv[1], encoding="utf-8") as file:
    sent = json.load(file)


def verifies(secret: str, body: str) -> bool:
    try:
        Webhook(secret).verify(body, sent["headers"])
        return True
    except WebhookVerificationError:
        return False


for secret in sent["secrets"]:
    assert verifies(secret, sent["body"]), "a right signature is refused"
    assert not verifies(secret, sent["body"] + " "), "a changed body is taken"
assert not verifies(sent["wrong_secret"], sent["body"]), "a wrong secret is taken"
print("verified")
