// What every spec needs: a stack of its own, a browser, and what every page is held to: no error on
// the console, nothing asked of another host, nothing that axe finds.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';

const packages = createRequire(join(process.env.BROWSER_PACKAGES, 'package.json'));
const { chromium } = packages('playwright-core');
const source = (file) => readFileSync(packages.resolve(file), 'utf8');

/** A test may take so long, also on a machine that is five times slower. */
const DEADLINE_MS = 150_000;
/** And each of its steps so long. */
const STEP_MS = 60_000;
const START_MS = 120_000;
const WIDTHS = { phone: 390, desk: 1280 };
const AXE_RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-component-update',
  '--disable-background-networking', '--disable-sync', '--disable-dev-shm-usage',
];

/** A test with a deadline. */
export const spec = (name, body) => test(name, { timeout: DEADLINE_MS }, body);

let browser;
let here;

/** Brings up a stack (`NAME=VALUE` over its own settings) and a browser before a file's tests, and ends
 * both after them. `stack()` has the addresses then. */
export function bringUp(settings = []) {
  before(async () => {
    const began = Date.now();
    const starting = start(settings);
    browser = await chromium.launch({ executablePath: chromiumPath(), headless: true, args: FLAGS });
    here = await starting;
    console.log(`stack and browser are up after ${Date.now() - began} ms`);
  }, { timeout: START_MS });
  after(async () => {
    await browser?.close();
    await here?.end();
  });
}

/** Where everything is: `api`, `checkout`, `console`, `sandbox`, `database`, `api_key`, `merchant_id`,
 * `programs`, `settings`. */
export const stack = () => here;

function chromiumPath() {
  return process.env.CHROMIUM || '/usr/bin/chromium';
}

function start(settings) {
  const program = join(process.env.PROGRAMS, 'devstack');
  const child = spawn(program, ['stack', ...settings], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    ended.then((code) => reject(new Error(`the stack ended with ${code} before it was ready`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (!line.startsWith('{')) { return; }
      const end = () => { child.stdin.end(); return ended; };
      resolve({ ...JSON.parse(line), end });
    });
  });
}

/** Runs `gatewayctl` on the stack; returns what it printed. `input` is its standard input. */
export function gatewayctl(args, input = '') {
  const { programs, settings } = here;
  const env = { PATH: process.env.PATH, ...settings };
  const ran = spawnSync(join(programs, 'gatewayctl'), args, { env, input, encoding: 'utf8' });
  assert.equal(ran.status, 0, `gatewayctl ${args.join(' ')}: ${ran.stderr}`);
  return ran.stdout;
}

async function json(method, url, body, headers = {}) {
  const reply = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await reply.text();
  let read = null;
  try { read = JSON.parse(text); } catch { /* not JSON */ }
  return { status: reply.status, json: read, text };
}

/** A call of the merchant API with the stack's key. */
export const api = (method, path, body) =>
  json(method, here.api + path, body, { authorization: `Bearer ${here.api_key}` });

let made = 0;

/** A new order by this channel (`null`: the payer chooses), with these fields over the usual ones. */
export async function order(payment, fields = {}) {
  made += 1;
  const reply = await api('POST', '/v1/orders', {
    reference: `INV-${process.pid}-${made}`,
    amount: { value: '150000.00', currency: 'IDR' },
    description: 'Kopi susu gula aren 3x',
    customer: { name: 'Budi Santoso', email: 'budi@example.co.id', phone: '081234567890' },
    return_url: 'https://shop.example.co.id/thanks',
    ...(payment ? { payment } : {}),
    ...fields,
  });
  assert.ok([201, 202, 424].includes(reply.status), `${reply.status}: ${reply.text}`);
  return reply.json;
}

/** Settles a payment in the sandbox: `pay`, `fail`, `cancel` or `refund`. */
export async function settle(payment, verb, how = {}) {
  const url = `${here.sandbox}/_sandbox/transactions/${payment.id}/${verb}`;
  const reply = await json('POST', url, how);
  assert.equal(reply.status, 200, `${verb}: ${reply.text}`);
}

/** The order once it has this status. */
export async function reaches(id, status) {
  return until(`${id} is ${status}`, async () => {
    const { json: now } = await api('GET', `/v1/orders/${id}`);
    return now.status === status ? now : null;
  });
}

/** What `look` gives once it is not empty. */
export async function until(what, look) {
  const deadline = Date.now() + STEP_MS;
  for (;;) {
    const seen = await look();
    if (seen) { return seen; }
    assert.ok(Date.now() < deadline, `it never came to pass that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A page of its own context. `wide` 390 (default) or 1280, `dark`, `script` (true), `language`; `allow`:
 * patterns of console errors that belong to the test. Closing it fails the test when something went wrong
 * on it that was not to be expected. */
export async function page({ wide = WIDTHS.phone, dark = false, script = true, language = 'id-ID', allow = [] } = {}) {
  const phone = wide < 800;
  const context = await browser.newContext({
    viewport: { width: wide, height: phone ? 844 : 900 },
    deviceScaleFactor: phone ? 2 : 1,
    colorScheme: dark ? 'dark' : 'light',
    javaScriptEnabled: script,
    locale: language,
    hasTouch: phone,
  });
  context.setDefaultTimeout(STEP_MS);
  const troubles = [];
  const asked = [];
  const opened = await context.newPage();
  opened.on('console', (said) => {
    const text = `${said.text()} (${said.location().url})`;
    const expected = allow.some((pattern) => pattern.test(text));
    if (['error', 'warning'].includes(said.type()) && !expected) { troubles.push(text); }
  });
  opened.on('pageerror', (error) => troubles.push(String(error)));
  opened.on('request', (request) => {
    asked.push(request);
    const { hostname, protocol } = new URL(request.url());
    if (protocol !== 'data:' && protocol !== 'blob:' && hostname !== '127.0.0.1') {
      troubles.push(`it asked ${hostname}`);
    }
  });
  opened.asked = asked;
  opened.done = async () => {
    await context.close();
    assert.deepEqual(troubles, [], 'the console and the network are quiet');
  };
  return opened;
}

/** Holds a page to WCAG 2.2 AA as far as axe can tell. */
export async function axe(opened, what) {
  await opened.evaluate(source('axe-core/axe.min.js'));
  const found = await opened.evaluate((values) => axe.run(document, { runOnly: { type: 'tag', values } }), AXE_RULES);
  const shown = found.violations.map(({ id, help, nodes }) => ({ id, help, at: nodes.map((node) => [node.target.join(' '), node.failureSummary]) }));
  assert.deepEqual(shown, [], `axe on ${what}`);
  assert.ok(found.passes.length > 5, `axe looked at ${what}`);
}

/** What a camera reads from an image of the page. */
export async function scan(opened, selector) {
  await opened.waitForFunction((at) => { const seen = document.querySelector(at); return seen?.complete && seen.naturalWidth > 0; }, selector);
  await opened.evaluate(`${source('jsqr/dist/jsQR.js')}`);
  return opened.evaluate((at) => {
    const image = document.querySelector(at);
    const edge = 600;
    const canvas = Object.assign(document.createElement('canvas'), { width: edge, height: edge });
    const paper = canvas.getContext('2d');
    paper.drawImage(image, 0, 0, edge, edge);
    const { data } = paper.getImageData(0, 0, edge, edge);
    return self.jsQR(data, edge, edge)?.data ?? null;
  }, selector);
}

const pictures = process.env.KEEP_PICTURES || mkdtempSync(join(tmpdir(), 'pages-'));
mkdirSync(pictures, { recursive: true });
process.once('exit', () => {
  if (!process.env.KEEP_PICTURES) { rmSync(pictures, { recursive: true, force: true }); }
});

/** A picture of the whole page as `NAME.png` in the folder of KEEP_PICTURES; gone with the run without it. */
export async function screenshot(opened, name) {
  await opened.screenshot({ path: join(pictures, `${name}.png`), fullPage: true, animations: 'disabled' });
}

/** Each of the four looks a page must have: `{ name, wide, dark }`. */
export const LOOKS = Object.values(WIDTHS).flatMap((wide) =>
  [false, true].map((dark) => ({ name: `${wide}-${dark ? 'dark' : 'light'}`, wide, dark })));
