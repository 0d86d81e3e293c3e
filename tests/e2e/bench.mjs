// One browser for all tests, a fresh context for each, and what a test can do with the page.

import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

/** Generous: the machine may be busy. The page's own speed is measured, not inferred from these. */
export const LOAD_MS = 90_000;
export const ANSWER_MS = 60_000;
const FLAGS = [
  '--no-sandbox',
  '--enable-unsafe-webgpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export class Bench {
  static async open(baseUrl) {
    const bench = new Bench();
    bench.baseUrl = baseUrl;
    bench.browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: FLAGS,
    });
    console.log(`browser ${bench.browser.version()}, page ${baseUrl}`);
    return bench;
  }

  /** Runs `test` with a page of its own. Service workers are kept out unless `options` let them in: tests change what is served. */
  async run(test, options = {}) {
    const context = await this.browser.newContext({ viewport: { width: 1280, height: 900 }, serviceWorkers: 'block', ...options });
    try {
      await test(new Chairside(context, this.baseUrl));
    } finally {
      await context.close();
    }
  }

  async close() {
    await this.browser.close();
  }
}

/** The page as a test sees it. */
export class Chairside {
  constructor(context, baseUrl) {
    this.context = context;
    this.baseUrl = baseUrl;
    /** What the console said that it should not have, and policy violations. */
    this.complaints = [];
    /** Addresses asked for, in order. */
    this.requests = [];
  }

  /** Opens the page, or another one of the same site. */
  async open(path = '') {
    this.page = await this.context.newPage();
    this.page.on('console', (message) => {
      // The tests' own doing, see `Bench.run`.
      if (/registration blocked by Playwright/.test(message.text())) return;
      if (['error', 'warning'].includes(message.type())) this.complaints.push(`console: ${message.text()}`);
    });
    this.page.on('pageerror', (error) => this.complaints.push(`exception: ${error.message}`));
    this.context.on('request', (request) => this.requests.push(request.url()));
    await this.page.addInitScript(() => {
      window.violations = [];
      document.addEventListener('securitypolicyviolation', (event) =>
        window.violations.push(`${event.violatedDirective}: ${event.blockedURI}`),
      );
    });
    await this.page.goto(new URL(path, this.baseUrl).href);
    return this;
  }

  at(testId) {
    return this.page.getByTestId(testId);
  }

  /** Waits until questions can be asked. */
  async ready() {
    await this.phase('ready');
    return this;
  }

  async phase(phase) {
    await this.page.locator(`[data-testid="model-status"][data-phase="${phase}"]`).waitFor({ timeout: LOAD_MS });
  }

  /** Types a question and presses Enter. */
  async ask(question) {
    await this.at('question').fill(question);
    await this.at('question').press('Enter');
    return this;
  }

  /** Puts any string into the box, those included that a keyboard cannot make. `units` are UTF-16 code units. */
  async setUnits(testId, units) {
    await this.at(testId).evaluate((box, units) => {
      box.value = units.map((unit) => String.fromCharCode(unit)).join('');
      box.dispatchEvent(new Event('input', { bubbles: true }));
    }, units);
  }

  /** UTF-16 code units in a box. */
  units(testId) {
    return this.at(testId).evaluate((box) => Array.from({ length: box.value.length }, (_, i) => box.value.charCodeAt(i)));
  }

  /** Waits for the end of the answer and returns its state. What was looked up before the model was loaded is no answer. */
  async answered() {
    const state = this.at('answer-state');
    await this.page.locator('[data-testid="answer-state"][data-state][data-author="model"]').waitFor({ timeout: ANSWER_MS });
    return state.getAttribute('data-state');
  }

  /** Asks, waits for the answer to this question and no other, and returns its state. */
  async answerTo(question) {
    await this.ask(question);
    await this.page.waitForFunction(
      (question) =>
        document.querySelector('.answer__question')?.textContent === question &&
        document.querySelector('[data-testid="answer-state"][data-state][data-author="model"]'),
      question,
      { timeout: ANSWER_MS },
    );
    return this.at('answer-state').getAttribute('data-state');
  }

  /** Waits until questions can be looked up: the knowledge base is there, the model need not be. */
  async searchable() {
    await this.at('library-version').waitFor({ timeout: LOAD_MS });
    return this;
  }

  /** Waits for a message and returns `{kind, text}`. */
  async error() {
    await this.at('error').waitFor({ timeout: ANSWER_MS });
    return { kind: await this.at('error').getAttribute('data-kind'), text: await this.at('error').innerText() };
  }

  /** The worker's own global scope. */
  worker() {
    return this.page.workers()[0];
  }

  async screenshot(name) {
    await this.page.screenshot({
      path: fileURLToPath(new URL(`./output/${name}.png`, import.meta.url)),
      fullPage: true,
    });
  }
}

/** Fails with `what` unless `condition` holds. */
export function check(condition, what) {
  if (!condition) throw new Error(what);
}

/** Fails unless both are the same JSON. */
export function equal(found, expected, what) {
  const [a, b] = [JSON.stringify(found), JSON.stringify(expected)];
  if (a !== b) throw new Error(`${what}: expected ${b}, found ${a}`);
}

/** A dental question that the shipped sources answer. */
export const QUESTION = 'What are the treatments for dry mouth?';

/** Fails unless the page answers. */
export async function answers(chairside) {
  await chairside.ask(QUESTION);
  check(['supported', 'partly_covered'].includes(await chairside.answered()), 'no answer');
}
