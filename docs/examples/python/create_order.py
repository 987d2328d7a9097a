"""Creates a QRIS order of Rp 25.000 and says where to send the payer.

    GATEWAY_URL=http://127.0.0.1:8080 API_KEY=gk_… python create_order.py INV-0001

The reference makes it safe to repeat: the same request again is the same order, never a second one.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request

TRIES = 6
REPEAT = {"provider_unavailable", "storage_unavailable", "overloaded", "rate_limited", "request_in_progress"}


def create_order(order: dict) -> dict:
    """The order as the gateway answers it; repeats while the outcome is not known."""
    request = urllib.request.Request(
        os.environ["GATEWAY_URL"] + "/v1/orders",
        data=json.dumps(order).encode(),  # made once: every try sends the same body
        headers={"Authorization": f"Bearer {os.environ['API_KEY']}", "Content-Type": "application/json"},
    )
    for tries_left in reversed(range(TRIES)):
        try:
            with urllib.request.urlopen(request, timeout=40) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as error:
            problem = json.load(error)
            if problem["code"] not in REPEAT or not tries_left:
                raise SystemExit(f"{problem['code']}: {problem.get('detail')} (request {problem['request_id']})")
            wait = int(error.headers.get("Retry-After", 2))
        except OSError as error:  # no connection, or no answer: nobody knows whether it was done
            if not tries_left:
                raise SystemExit(f"the gateway does not answer: {error}")
            wait = 2
        time.sleep(wait)
    raise AssertionError("the last try returns or raises")


if __name__ == "__main__":
    order = create_order(
        {
            "reference": sys.argv[1],
            "amount": {"value": "25000.00", "currency": "IDR"},  # a string, never a float
            "payment": {"method": "qris"},
            "expires_in": 3600,
        }
    )
    print(f"order {order['id']} is {order['status']}")
    print(f"payment {order['payments'][0]['id']}")
    print(f"send the payer to {order['checkout_url']}")
