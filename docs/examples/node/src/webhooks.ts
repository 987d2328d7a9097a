// Receives the gateway's webhooks, verified by the Standard Webhooks library.
//
//   WEBHOOK_SECRET=whsec_… PORT=4000 npm run webhooks
//
// In Express the same holds: mount express.raw({ type: 'application/json' }), not express.json().

import { createServer, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';

interface Event {
  id: string;
  type: string;
  data: { order?: { reference: string; version: number } };
}

const webhook = new Webhook(process.env.WEBHOOK_SECRET ?? '');
const seen = new Set<string>();

/** A webhook may come twice. In a shop: a row with a unique key, in the transaction of the work. */
function firstTime(eventId: string): boolean {
  const known = seen.has(eventId);
  seen.add(eventId);
  return !known;
}

/** What the shop does. Short: what is slow (mail, stock, invoices) goes to a queue of its own. */
function actOn(event: Event): string {
  switch (event.type) {
    case 'order.paid':
      return 'deliver';
    case 'order.paid_late':
      return 'paid after its time: deliver, or give the money back';
    case 'order.review_required':
      return 'money is there, but not as ordered: do not deliver, ask finance';
    default:
      return 'noted';
  }
}

/** The status to answer with: anything but 2xx, or more than 15 s, and the webhook comes again. */
async function receive(request: IncomingMessage): Promise<number> {
  const body = await buffer(request); // the raw bytes: parsed and written again they no longer match
  let event: Event;
  try {
    event = webhook.verify(body, request.headers as Record<string, string>) as Event;
  } catch (error) {
    console.log(`refused: ${(error as Error).message}`);
    return 401;
  }
  const outcome = firstTime(event.id) ? actOn(event) : 'known already';
  console.log(`${event.type} ${event.data.order?.reference ?? '-'} ${event.id}: ${outcome}`);
  return 204;
}

createServer((request, response) => {
  receive(request).then(
    (status) => response.writeHead(status).end(),
    () => response.destroy(), // the body broke off
  );
}).listen(Number(process.env.PORT ?? 4000), '127.0.0.1');
