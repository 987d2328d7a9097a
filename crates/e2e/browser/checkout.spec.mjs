// What a payer sees and does: every method, the order's end while watching, choosing, languages, and
// the page without a script, for a stranger, and by its weight.
import assert from 'node:assert/strict';
import { api, axe, bringUp, LOOKS, order, page, reaches, scan, screenshot, settle, spec, stack, until } from './harness.mjs';

bringUp(['EXPIRY_GRACE_MS=500', 'SWEEP_INTERVAL_MS=200']);

const of = {
  qris: { method: 'qris' },
  dana: { method: 'ewallet' },
  bni: { method: 'virtual_account', channel: 'VIRTUAL_ACCOUNT_BNI' },
  alfamart: { method: 'retail', channel: 'RETAIL_ALFAMART' },
  link: { method: 'payment_link' },
};

const action = (made) => made.payments[0].next_action;

async function open(made, how) {
  const opened = await page(how);
  const reply = await opened.goto(made.checkout_url);
  assert.equal(reply.status(), 200);
  return opened;
}

const heading = (opened) => opened.locator('h1');
const says = (opened, text) => opened.getByRole('heading', { level: 1, name: text }).waitFor();

spec('a QR code is shown that a camera reads, with the amount and the time left', async () => {
  const made = await order(of.qris);
  for (const dark of [false, true]) {
    const opened = await open(made, { dark });
    await says(opened, /Pindai/);
    assert.equal(await scan(opened, '.qr'), action(made).qr_string);
    const text = await opened.locator('main').innerText();
    for (const part of ['Demo', 'Rp150.000', 'Kopi susu gula aren 3x', made.reference]) {
      assert.ok(text.includes(part), `${part}: ${text}`);
    }
    assert.match(text, /\d\d:\d\d/);
    await opened.done();
  }
});

spec('a virtual account number is grouped for the eye and copied as digits', async () => {
  const made = await order(of.bni);
  const opened = await open(made);
  await opened.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await says(opened, /Transfer/);
  const { number, bank } = action(made);
  const shown = await opened.locator('.number').first().innerText();
  assert.equal(shown.replace(/\s/g, ''), number);
  assert.ok((await opened.locator('main').innerText()).includes(bank));
  await opened.locator('button.copy').first().click();
  await opened.getByText('Tersalin').first().waitFor();
  assert.equal(await opened.evaluate(() => navigator.clipboard.readText()), number);
  await opened.done();
});

spec('a payment code is shown with its store', async () => {
  const made = await order(of.alfamart);
  const opened = await open(made);
  await says(opened, /ALFAMART/i);
  const shown = await opened.locator('.number').first().innerText();
  assert.equal(shown.replace(/\s/g, ''), action(made).code);
  await opened.done();
});

for (const [name, payment] of [['an e-wallet', of.dana], ['a payment link', of.link]]) {
  spec(`${name} is one button that leads there`, async () => {
    const made = await order(payment);
    const opened = await open(made);
    const button = opened.locator('a.button').first();
    assert.equal(await button.getAttribute('href'), action(made).url);
    await opened.done();
  });
}

spec('the page changes by itself when the order is paid', async () => {
  const made = await order(of.qris);
  const opened = await open(made);
  await says(opened, /Pindai/);
  await settle(made.payments[0], 'pay');
  await says(opened, /Pembayaran berhasil/);
  const back = opened.getByRole('link', { name: /Kembali ke toko/ });
  assert.equal(await back.getAttribute('href'), 'https://shop.example.co.id/thanks');
  assert.equal(await opened.locator('.qr').count(), 0);
  await opened.done();
});

spec('the page changes by itself when the time is up', async () => {
  const made = await order(of.qris, { expires_in: 8 });
  const opened = await open(made);
  await says(opened, /Waktu habis/);
  assert.equal(await opened.locator('.qr').count(), 0);
  await opened.done();
});

spec('the payer chooses, and sees what was chosen', async () => {
  const made = await order(null);
  const opened = await open(made);
  await says(opened, /Pilih/);
  await opened.getByRole('button', { name: /BNI/ }).click();
  await says(opened, /Transfer/);
  const { json: now } = await api('GET', `/v1/orders/${made.id}`);
  const shown = await opened.locator('.number').first().innerText();
  assert.equal(shown.replace(/\s/g, ''), action(now).number);
  await opened.done();
});

spec('the language is the browser\'s until the payer switches', async () => {
  const made = await order(of.qris);
  const opened = await open(made, { language: 'en-GB' });
  await says(opened, /Scan to pay/);
  assert.equal(await opened.locator('html').getAttribute('lang'), 'en');
  await opened.getByRole('link', { name: 'Bahasa Indonesia' }).click();
  await says(opened, /Pindai/);
  assert.equal(await opened.locator('html').getAttribute('lang'), 'id');
  await opened.done();
});

spec('all that matters works without a script', async () => {
  const made = await order(null);
  const opened = await open(made, { script: false });
  await opened.getByRole('button', { name: /QRIS/ }).click();
  await says(opened, /Pindai/);
  await opened.locator('.qr').waitFor();
  assert.equal(await opened.locator('button.copy:visible').count(), 0, 'no button that does nothing');
  const { json: now } = await api('GET', `/v1/orders/${made.id}`);
  await settle(now.payments[0], 'pay');
  await reaches(made.id, 'paid');
  await says(opened, /Pembayaran berhasil/);
  await opened.done();
});

spec('without the whole token nothing is told', async () => {
  const made = await order(of.qris);
  const [base, query] = made.checkout_url.split('?');
  const nobodys = base.replace('/ord_0', '/ord_1');
  const seen = new Set();
  for (const url of [base, `${base}?t=`, `${base}?t=x`, `${base}?${query.slice(0, -1)}`, `${nobodys}?${query}`, `${stack().checkout}/pay/nonsense`]) {
    const opened = await page({ allow: [/404/] });
    const reply = await opened.goto(url);
    assert.equal(reply.status(), 404, url);
    await says(opened, /Tautan tidak berlaku/);
    seen.add(await opened.content());
    await opened.done();
  }
  assert.equal(seen.size, 1, 'a wrong token looks as an order that does not exist');
});

spec('the token goes nowhere with a click', async () => {
  const made = await order(of.dana);
  const opened = await open(made);
  await opened.route(/^https:/, (route) => route.fulfill({ status: 200, contentType: 'text/html', body: '<title>there</title>' }));
  const [asked] = await Promise.all([
    opened.waitForRequest(/^https:/),
    opened.locator('a.button').first().evaluate((link) => link.click()),
  ]);
  assert.equal((await asked.allHeaders()).referer, undefined);
  await until('it is left', async () => (await opened.title()) === 'there');
});

spec('axe finds nothing, wide and narrow, light and dark', async () => {
  const orders = { choose: await order(null), paid: await order(of.qris) };
  for (const [name, payment] of Object.entries(of)) { orders[name] = await order(payment); }
  await settle(orders.paid.payments[0], 'pay');
  await reaches(orders.paid.id, 'paid');
  for (const [name, made] of Object.entries(orders)) {
    for (const look of LOOKS) {
      const opened = await open(made, look);
      await heading(opened).waitFor();
      await axe(opened, `${name} ${look.name}`);
      await screenshot(opened, `checkout-${name}-${look.name}`);
      await opened.done();
    }
  }
});
