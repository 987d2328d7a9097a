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

/** What browsers inside of apps lack or refuse, as scripts that run before the page's own. */
const refusals = {
  'there is no clipboard': () => { self.real = navigator.clipboard; Object.defineProperty(navigator, 'clipboard', { value: undefined }); },
  'the clipboard refuses': () => {
    self.real = navigator.clipboard;
    Object.defineProperty(navigator, 'clipboard', { value: { writeText: () => Promise.reject(new DOMException('no', 'NotAllowedError')) } });
  },
  'the clipboard throws': () => {
    self.real = navigator.clipboard;
    Object.defineProperty(navigator, 'clipboard', { value: { writeText: () => { throw new TypeError('no'); } } });
  },
};

for (const [name, refuse] of Object.entries(refusals)) {
  spec(`a number is copied where ${name}, and marked for the payer's hand where nothing copies`, async () => {
    const made = await order(of.bni);
    const { number } = action(made);
    const opened = await page();
    await opened.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await opened.addInitScript(refuse);
    await opened.goto(made.checkout_url);
    await opened.locator('button.copy').first().click();
    await opened.getByText('Tersalin').first().waitFor();
    assert.equal(await opened.evaluate(() => self.real.readText()), number);
    await opened.locator('button.copy').nth(1).click();
    await until('the amount is copied too', async () => (await opened.evaluate(() => self.real.readText())) === '150000');
    await opened.evaluate(() => { document.execCommand = () => false; });
    await opened.locator('button.copy').first().click();
    await opened.getByText('Tekan lama').first().waitFor();
    assert.equal((await opened.evaluate(() => getSelection().toString())).replace(/\s/g, ''), number);
    await screenshot(opened, 'checkout-copy-refused');
    await opened.done();
  });
}

const deaf = {
  'streams are missing': () => { delete self.EventSource; },
  'streams are forbidden': () => { self.EventSource = function () { throw new DOMException('no', 'SecurityError'); }; },
  'neither streams nor requests are there': () => { delete self.EventSource; delete self.fetch; },
};

for (const [name, refuse] of Object.entries(deaf)) {
  spec(`the page says that it is paid where ${name}`, async () => {
    const made = await order(of.qris);
    const opened = await page();
    await opened.addInitScript(refuse);
    await opened.goto(made.checkout_url);
    await says(opened, /Pindai/);
    await settle(made.payments[0], 'pay');
    await says(opened, /Pembayaran berhasil/);
    await opened.done();
  });
}

spec('where everything is refused, a link asks for the page anew', async () => {
  const made = await order(of.qris);
  const opened = await page();
  await opened.addInitScript(() => {
    self.EventSource = function () { throw new DOMException('no', 'SecurityError'); };
    self.fetch = () => Promise.reject(new TypeError('no'));
  });
  await opened.goto(made.checkout_url);
  await says(opened, /Pindai/);
  await settle(made.payments[0], 'pay');
  await reaches(made.id, 'paid');
  await opened.getByRole('link', { name: 'Sudah bayar? Periksa' }).click();
  await says(opened, /Pembayaran berhasil/);
  await opened.done();
});

spec('no phone makes a telephone number of a payment code', async () => {
  const opened = await open(await order(of.alfamart));
  assert.equal(await opened.locator('meta[name=format-detection]').getAttribute('content'), 'telephone=no');
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

spec('an e-wallet is named on its button', async () => {
  const opened = await open(await order(of.dana), { language: 'en' });
  await says(opened, 'Pay with DANA');
  await opened.getByRole('link', { name: 'Open DANA' }).waitFor();
  await opened.done();
});

const aborted = [/net::ERR_FAILED/];

spec('the page hears by a stream that the order is paid, and asks nothing', async () => {
  const made = await order(of.qris);
  const opened = await page({ allow: aborted });
  await opened.route(/\/status\?/, (route) => route.abort());
  await opened.goto(made.checkout_url);
  await says(opened, /Pindai/);
  await settle(made.payments[0], 'pay');
  await says(opened, /Pembayaran berhasil/);
  assert.match(await opened.title(), /^Pembayaran berhasil/);
  assert.equal(await opened.getByRole('status').innerText(), 'Pembayaran berhasil', 'it is said aloud');
  const back = opened.getByRole('link', { name: /Kembali ke toko/ });
  assert.equal(await back.getAttribute('href'), 'https://shop.example.co.id/thanks');
  assert.equal(await opened.locator('.qr').count(), 0);
  assert.ok(opened.asked.some((request) => request.resourceType() === 'eventsource'));
  await opened.done();
});

spec('the page asks where there is no stream', async () => {
  const made = await order(of.bni);
  const opened = await page();
  await opened.route(/\/events\?/, (route) => route.fulfill({ status: 204 }));
  await opened.goto(made.checkout_url);
  await says(opened, /Transfer/);
  await settle(made.payments[0], 'pay');
  await says(opened, /Pembayaran berhasil/);
  await opened.done();
});

spec('the page changes by itself when the time is up', async () => {
  const made = await order(of.qris, { expires_in: 8 });
  const opened = await open(made);
  await says(opened, /Waktu habis/);
  assert.equal(await opened.locator('.qr').count(), 0);
  await opened.locator('main:not([data-status])').waitFor();
  await says(opened, /Waktu habis/);
  await opened.done();
});

spec('the payer chooses, sees what was chosen, and may choose again', async () => {
  const made = await order(null);
  const opened = await open(made);
  await says(opened, /Pilih/);
  await opened.getByRole('button', { name: /BNI/ }).click();
  await says(opened, /Transfer/);
  const { json: now } = await api('GET', `/v1/orders/${made.id}`);
  const shown = await opened.locator('.number').first().innerText();
  assert.equal(shown.replace(/\s/g, ''), action(now).number);
  await opened.getByText('Bayar dengan cara lain').click();
  await opened.getByRole('button', { name: /QRIS/ }).click();
  await says(opened, /Pindai/);
  await opened.done();
});

spec('only ways whose fields are there are offered', async () => {
  const opened = await open(await order(null, { customer: undefined, return_url: undefined }));
  await says(opened, /Pilih/);
  assert.deepEqual(await opened.getByRole('button').allInnerTexts(), ['QRIS']);
  await opened.done();
});

spec('a choice that the provider refuses is told, and another can be made', async () => {
  const made = await order(null, { amount: { value: '150901.00', currency: 'IDR' } });
  const opened = await open(made);
  await opened.getByRole('button', { name: /QRIS/ }).click();
  await opened.getByText(/Cara itu sedang tidak dapat dipakai/).waitFor();
  await opened.getByRole('button', { name: /BNI/ }).waitFor();
  await opened.done();
});

spec('a payment that failed is told, and tried again on the page', async () => {
  const made = await order(of.dana);
  const opened = await open(made);
  await settle(made.payments[0], 'fail');
  await says(opened, /Pembayaran gagal/);
  await opened.getByRole('button', { name: /QRIS/ }).click();
  await says(opened, /Pindai/);
  await opened.done();
});

const ends = {
  cancelled: [/dibatalkan/, async (made) => { await api('POST', `/v1/orders/${made.id}/cancel`); }],
  review: [/sedang diperiksa/, (made) => settle(made.payments[0], 'pay', { amount: '149000.00' })],
  refunded: [/Dana dikembalikan/, async (made) => { await settle(made.payments[0], 'pay'); await settle(made.payments[0], 'refund'); }],
  late: [/terlambat diterima/, async (made) => { await reaches(made.id, 'expired'); await settle(made.payments[0], 'pay'); await reaches(made.id, 'paid'); }, { expires_in: 3 }],
};

const ended = {};

for (const [name, [title, happen, fields]] of Object.entries(ends)) {
  spec(`the page says so when the order is ${name}, and offers no payment`, async () => {
    const made = await order(of.qris, fields);
    await happen(made);
    ended[name] = made;
    const opened = await open(made);
    await says(opened, title);
    assert.equal(await opened.locator('.qr, form').count(), 0);
    await opened.done();
  });
}

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

spec('nothing is waited for before the page is drawn', async () => {
  const opened = await page();
  let answer;
  await opened.route(/\/static\//, (route) => { answer = () => route.continue(); });
  await opened.goto((await order(of.bni)).checkout_url, { waitUntil: 'commit' });
  await opened.waitForFunction(() => performance.getEntriesByName('first-contentful-paint').length === 1);
  await until('the script was asked for', () => answer);
  assert.equal(await opened.locator('button.copy:visible').count(), 0, 'the script is still on its way');
  const family = await opened.locator('.number').first().evaluate((number) => getComputedStyle(number).fontFamily);
  assert.match(family, /monospace/, 'the style is there');
  await answer();
  await opened.locator('button.copy').first().waitFor();
  await opened.done();
});

/** Bytes as they are sent, which is not compressed: page with its style, script, QR code, icon. */
const BUDGET = 30_000;

spec('a page weighs less than its budget, all told', async () => {
  const icon = (await (await fetch(`${stack().checkout}/pay/static/icon.svg`)).arrayBuffer()).byteLength;
  for (const payment of [null, ...Object.values(of)]) {
    const opened = await page();
    const parts = [];
    opened.on('response', (reply) => {
      if (['document', 'script', 'stylesheet', 'image', 'font'].includes(reply.request().resourceType())) { parts.push(reply); }
    });
    await opened.goto((await order(payment)).checkout_url, { waitUntil: 'load' });
    const sizes = parts.map(async (reply) => [new URL(reply.url()).pathname, (await reply.body()).length]);
    const all = [...await Promise.all(sizes), ['icon', icon]];
    const weight = all.reduce((sum, [, size]) => sum + size, 0);
    assert.ok(weight < BUDGET, `${weight}: ${JSON.stringify(all)}`);
    console.log(`${payment?.method ?? 'choice'}: ${weight} bytes ${JSON.stringify(all.map(([, size]) => size))}`);
    await opened.done();
  }
});

spec('every step can be taken by keyboard, and where one is can be seen', async () => {
  const opened = await open(await order(null), { wide: 1280 });
  await says(opened, /Pilih/);
  await opened.keyboard.press('Tab');
  const ring = await opened.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.equal(ring, 'solid');
  await opened.keyboard.press('Enter');
  await says(opened, /Pindai/);
  await opened.done();
});

/** The states to be looked at, each as an order. */
const states = {
  choose: () => order(null),
  ...Object.fromEntries(Object.entries(of).map(([name, payment]) => [name, () => order(payment)])),
  paid: async () => {
    const made = await order(of.qris);
    await settle(made.payments[0], 'pay');
    return reaches(made.id, 'paid');
  },
  failed: async () => {
    const made = await order(of.dana);
    await settle(made.payments[0], 'fail');
    return reaches(made.id, 'failed');
  },
  ...Object.fromEntries(Object.keys(ends).map((name) => [name, () => ended[name]])),
};

for (const [name, make] of Object.entries(states)) {
  spec(`axe finds nothing on ${name}, wide and narrow, light and dark`, async () => {
    const made = await make();
    for (const look of LOOKS) {
      const opened = await open(made, look);
      await heading(opened).waitFor();
      const fits = await opened.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
      assert.ok(fits, `${look.name}: nothing sticks out`);
      await axe(opened, `${name} ${look.name}`);
      await screenshot(opened, `checkout-${name}-${look.name}`);
      await opened.done();
    }
  });
}
