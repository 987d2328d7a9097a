// Creates a QRIS order of Rp 25.000 and says where to send the payer.
//
//   GATEWAY_URL=http://127.0.0.1:8080 API_KEY=gk_… npm run create-order INV-0001
//
// The reference makes it safe to repeat: the same request again is the same order, never a second one.

import { setTimeout as sleep } from 'node:timers/promises';

const TRIES = 6;
const REPEAT = [
  'provider_unavailable', 'storage_unavailable', 'overloaded', 'rate_limited', 'request_in_progress',
];

interface Order {
  id: string;
  reference: string;
  status: 'pending' | 'paid' | 'expired' | 'cancelled' | 'failed' | 'review' | 'refunded';
  checkout_url: string;
  payments: { id: string; status: string }[];
}

interface Problem {
  code: string;
  detail?: string;
  request_id: string;
}

/** The order as the gateway answers it; repeats while the outcome is not known. */
async function createOrder(order: object): Promise<Order> {
  const body = JSON.stringify(order); // made once: every try sends the same body
  for (let triesLeft = TRIES - 1; ; triesLeft -= 1) {
    let wait = 2;
    try {
      const reply = await fetch(`${process.env.GATEWAY_URL}/v1/orders`, {
        method: 'POST',
        headers: { authorization: `Bearer ${process.env.API_KEY}`, 'content-type': 'application/json' },
        body,
        signal: AbortSignal.timeout(40_000),
      });
      if (reply.ok) {
        return (await reply.json()) as Order; // 201, or 202 while the provider's answer is outstanding
      }
      const problem = (await reply.json()) as Problem;
      if (!REPEAT.includes(problem.code) || triesLeft === 0) {
        throw new Refused(`${problem.code}: ${problem.detail} (request ${problem.request_id})`);
      }
      wait = Number(reply.headers.get('retry-after') ?? wait);
    } catch (error) {
      // No connection, or no answer: nobody knows whether it was done.
      if (error instanceof Refused || triesLeft === 0) {
        throw error;
      }
    }
    await sleep(wait * 1000);
  }
}

class Refused extends Error {}

const reference = process.argv[2];
if (!reference) {
  throw new Error('which reference?');
}
const order = await createOrder({
  reference,
  amount: { value: '25000.00', currency: 'IDR' }, // a string, never a number
  payment: { method: 'qris' },
  expires_in: 3600,
});
console.log(`order ${order.id} is ${order.status}`);
console.log(`payment ${order.payments[0]?.id}`);
console.log(`send the payer to ${order.checkout_url}`);
