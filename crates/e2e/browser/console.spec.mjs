// What an operator sees and does: the way in by keyboard, an order found and told again, the lists of what
// needs eyes, and every page by its looks.
import assert from 'node:assert/strict';
import { axe, bringUp, gatewayctl, LOOKS, order, page, reaches, screenshot, settle, spec, stack } from './harness.mjs';

// A shop that does not listen at first: its webhooks give up at once.
bringUp(['EXPIRY_GRACE_MS=500', 'SWEEP_INTERVAL_MS=200', 'WEBHOOK_SCHEDULE=0s,200ms']);

const WIDE = 1280;
const added = new Map();

/** The password of an operator in this role, who is added when first asked for. */
function operator(role) {
  const email = `${role}@example.co.id`;
  if (!added.has(role)) {
    const args = ['--json', 'operators', 'add', '--email', email, '--name', 'Siti Rahma', '--role', role];
    added.set(role, JSON.parse(gatewayctl(args)).password);
  }
  return { email, password: added.get(role) };
}

/** A page of somebody who is signed in. */
async function signedIn(role = 'operator', how = { wide: WIDE }) {
  const { email, password } = operator(role);
  const opened = await page({ language: 'en-GB', ...how });
  await opened.goto(`${stack().console}/`);
  await opened.getByLabel('E-mail address').fill(email);
  await opened.getByLabel('Password').fill(password);
  await opened.getByRole('button', { name: 'Sign in' }).click();
  await opened.getByRole('heading', { level: 1, name: /Today/ }).waitFor();
  return opened;
}

const go = (opened, path) => opened.goto(`${stack().console}${path}`);

async function paid() {
  const made = await order({ method: 'qris' });
  await settle(made.payments[0], 'pay');
  return reaches(made.id, 'paid');
}

/** An order whose money does not fit. */
async function inReview() {
  const made = await order({ method: 'qris' });
  await settle(made.payments[0], 'pay', { amount: '149000.00' });
  return reaches(made.id, 'review');
}

spec('a wrong password is told, and the keyboard alone leads in and out', async () => {
  const { email, password } = operator('operator');
  const opened = await page({ language: 'en-GB', wide: WIDE, allow: [/401/] });
  await go(opened, '/orders/x');
  assert.equal(new URL(opened.url()).pathname, '/sign-in');
  await opened.keyboard.press('Tab');
  await opened.keyboard.type(email);
  await opened.keyboard.press('Tab');
  await opened.keyboard.type('not the password');
  await opened.keyboard.press('Enter');
  await opened.getByRole('alert').filter({ hasText: 'wrong' }).waitFor();
  assert.equal(await opened.getByLabel('E-mail address').inputValue(), email);
  await opened.getByLabel('Password').focus();
  await opened.keyboard.type(password);
  await opened.keyboard.press('Enter');
  await opened.getByRole('heading', { level: 1, name: /Today/ }).waitFor();
  await opened.keyboard.press('Tab');
  const skip = await opened.evaluate(() => document.activeElement.textContent);
  assert.equal(skip, 'Skip to the content');
  await opened.getByRole('button', { name: 'Sign out' }).focus();
  await opened.keyboard.press('Enter');
  await opened.getByRole('button', { name: 'Sign in' }).waitFor();
  const cookies = await opened.context().cookies();
  assert.deepEqual(cookies, []);
  await opened.done();
});

spec('an order is found by its reference and told again, without a script', async () => {
  const made = await paid();
  const opened = await signedIn('operator', { wide: WIDE, script: false });
  await opened.getByLabel('Search orders').fill(made.reference);
  await opened.keyboard.press('Enter');
  await opened.getByRole('heading', { level: 1, name: new RegExp(made.reference) }).waitFor();
  await opened.getByText('hidden').first().waitFor();
  await opened.getByRole('button', { name: 'Redeliver: order.paid' }).click();
  await opened.getByRole('status').filter({ hasText: 'sent again' }).waitFor();
  await go(opened, '/log');
  await opened.getByRole('cell', { name: 'event redelivered' }).first().waitFor();
  await opened.done();
});

spec('the customer is shown when it is asked for', async () => {
  const made = await paid();
  const opened = await signedIn();
  await go(opened, `/orders/${made.id}`);
  assert.ok(!(await opened.locator('main').innerText()).includes('Budi Santoso'));
  await opened.getByRole('button', { name: /Show/ }).click();
  await opened.getByText('Budi Santoso').waitFor();
  await opened.done();
});

spec('money that does not fit is in the review list and leads to its order', async () => {
  const made = await inReview();
  const opened = await signedIn();
  await opened.getByRole('link', { name: 'Orders in review' }).click();
  await opened.getByRole('link', { name: made.reference, exact: true }).click();
  await opened.getByRole('heading', { level: 1, name: /review/ }).waitFor();
  await opened.getByText('Resolve the review…').click();
  await opened.getByRole('radio', { name: /Accept/ }).check();
  await opened.getByLabel(/^Reason/).fill('agreed with the shop');
  await opened.getByRole('button', { name: 'Resolve' }).click();
  await opened.getByRole('status').filter({ hasText: 'decided' }).waitFor();
  await reaches(made.id, 'paid');
  await opened.done();
});

spec('an order is cancelled after a second thought', async () => {
  const made = await order({ method: 'qris' });
  const opened = await signedIn();
  await go(opened, `/orders/${made.id}`);
  assert.equal(await opened.getByRole('button', { name: 'Cancel the order' }).count(), 0);
  await opened.getByText('Cancel the order…').click();
  await opened.getByRole('button', { name: 'Cancel the order' }).click();
  await opened.getByRole('status').filter({ hasText: 'cancelled' }).waitFor();
  await reaches(made.id, 'cancelled');
  await opened.done();
});

spec('a viewer has no buttons but those of every page', async () => {
  const made = await paid();
  const opened = await signedIn('viewer');
  for (const path of ['/', `/orders/${made.id}`, '/lists/review', '/endpoints', '/keys']) {
    await go(opened, path);
    const names = await opened.getByRole('button').allInnerTexts();
    assert.deepEqual(names, ['Search', 'Sign out'], path);
  }
  await opened.done();
});

for (const { name, wide, dark } of LOOKS) {
  spec(`axe finds nothing on any page, and nothing is wider than the screen: ${name}`, async () => {
    const [made, review] = [await paid(), await inReview()];
    const paths = {
      overview: '/', review: '/lists/review', quarantine: '/lists/quarantine', dead: '/lists/dead',
      unknown: '/lists/unknown', late: '/lists/late', refunds: '/lists/refunds', channels: '/channels',
      endpoints: '/endpoints', keys: '/keys', log: '/log', search: '/search?q=nothing',
      order: `/orders/${made.id}`, 'order-in-review': `/orders/${review.id}`,
    };
    const door = await page({ language: 'en-GB', wide, dark });
    await go(door, '/sign-in');
    await axe(door, `sign-in ${name}`);
    await screenshot(door, `console-sign-in-${name}`);
    await door.done();
    const opened = await signedIn('operator', { wide, dark });
    for (const [what, path] of Object.entries(paths)) {
      await go(opened, path);
      await axe(opened, `${what} ${name}`);
      const beyond = await opened.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(beyond <= 0, `${what} ${name} is ${beyond} pixels too wide`);
      await screenshot(opened, `console-${what}-${name}`);
    }
    await opened.done();
  });
}
