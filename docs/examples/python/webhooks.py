"""Receives the gateway's webhooks, verified by the Standard Webhooks library.

    pip install -r requirements.txt
    WEBHOOK_SECRET=whsec_… PORT=4000 python webhooks.py

In a framework the same holds: verify the raw bytes (Flask: request.get_data()), then trust.
"""

import os
import sqlite3
from http.server import BaseHTTPRequestHandler, HTTPServer

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

WEBHOOK = Webhook(os.environ["WEBHOOK_SECRET"])
STORE = sqlite3.connect(os.environ.get("STORE", "webhooks.db"))
STORE.execute("CREATE TABLE IF NOT EXISTS webhooks (id TEXT PRIMARY KEY)")


def first_time(event_id: str) -> bool:
    """A webhook may come twice. The unique key lets only the first one through."""
    return STORE.execute("INSERT OR IGNORE INTO webhooks VALUES (?)", (event_id,)).rowcount == 1


def act_on(event: dict) -> str:
    """What the shop does. Short: what is slow (mail, stock, invoices) goes to a queue of its own."""
    match event["type"]:
        case "order.paid":
            return "deliver"
        case "order.paid_late":
            return "paid after its time: deliver, or give the money back"
        case "order.review_required":
            return "money is there, but not as ordered: do not deliver, ask finance"
        case _:
            return "noted"


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            event = WEBHOOK.verify(body, dict(self.headers))
        except (WebhookVerificationError, ValueError) as error:  # ValueError: malformed headers
            print(f"refused: {error}", flush=True)
            return self.answer(401)
        with STORE:  # one transaction: what is remembered is also done
            outcome = act_on(event) if first_time(event["id"]) else "known already"
        reference = event["data"].get("order", {}).get("reference", "-")
        print(f"{event['type']} {reference} {event['id']}: {outcome}", flush=True)
        self.answer(204)  # anything but 2xx, or more than 15 s, and it comes again

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """The lines above say enough."""


if __name__ == "__main__":
    HTTPServer(("127.0.0.1", int(os.environ.get("PORT", "4000"))), Receiver).serve_forever()
