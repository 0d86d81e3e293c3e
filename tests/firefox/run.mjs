// A few tests of a served dist/ in Firefox, headless:  node run.mjs --base-url http://127.0.0.1:8080/   (`cargo xtask test --firefox`)
//
// Starts no server.
// A line per test, then `N passed, N failed`.

import { ANSWER_MS, LOAD_MS, QUESTION, check, equal } from '../e2e/bench.mjs';
import { launch } from './launch.mjs';

const baseUrl = process.argv[process.argv.indexOf('--base-url') + 1];
if (!process.argv.includes('--base-url') || !baseUrl) {
  console.error('usage: node run.mjs --base-url URL');
  process.exit(2);
}

const browser = await launch();
console.log(`browser ${await browser.version()}, page ${baseUrl}`);
const at = (testId) => `[data-testid="${testId}"]`;

/** A page that can be asked, and what its console complained of. */
async function opened() {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (message) => {
    if (['error', 'warn'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(baseUrl);
  await page.waitForSelector(`${at('model-status')}[data-phase="ready"]`, { timeout: LOAD_MS });
  return { page, complaints, context };
}

/** The state of the answer to a question, and its sentences with their citations' numbers. */
async function answerTo(page, question) {
  await page.$eval(at('question'), (box) => box.focus());
  await page.$eval(at('question'), (box) => box.select());
  await page.type(at('question'), question);
  await page.keyboard.press('Enter');
  const ended = `${at('answer-state')}[data-state][data-author="model"]`;
  await page.waitForFunction((question, ended) => document.querySelector('.answer__question')?.textContent === question && document.querySelector(ended), { timeout: ANSWER_MS }, question, ended);
  const state = await page.$eval(ended, (element) => element.dataset.state);
  const sentences = await page.$$eval('.sentence', (all) => all.map((one) => [one.querySelector('.sentence__text').innerText, one.querySelectorAll('[data-testid="citation"]').length]));
  return { state, sentences };
}

const tests = {
  'a question is answered with its sources': async ({ page, complaints }) => {
    const { state, sentences } = await answerTo(page, QUESTION);
    check(['supported', 'partly_covered'].includes(state), `state ${state}`);
    check(sentences.length > 0 && sentences.every(([, citations]) => citations > 0), `no citation: ${JSON.stringify(sentences)}`);
    equal(complaints, [], 'complaints');
  },
  'the graphics processor passes its self-test and gives the same answer': async ({ page }) => {
    const before = await answerTo(page, QUESTION);
    check(before.sentences.length > 0, 'no answer');
    await page.$eval(`${at('engine')} > summary`, (summary) => summary.click());
    await page.select('#engine-choice', 'gpu');
    await page.waitForFunction((facts) => document.querySelector(facts)?.innerText.includes('the graphics processor was asked for'), { timeout: LOAD_MS }, at('engine-facts'));
    const facts = await page.$eval(at('engine-facts'), (list) => list.innerText);
    console.log(`        ${facts.replaceAll('\n', ' · ')}`);
    check(/ 0 kernels set aside/.test(facts), facts);
    // The words of another question, so that its answer can be told from the one on screen.
    await answerTo(page, 'How long is an avulsed tooth splinted?');
    equal(await answerTo(page, QUESTION), before, 'the answer');
  },
  'after it is ready the page reaches nobody': async ({ page }) => {
    const reached = await page.evaluate((other) => fetch(other).then(() => true, () => false), new URL('nobody.json', baseUrl).href);
    check(!reached, 'a request went out');
  },
};

let passed = 0;
let failed = 0;
for (const [name, test] of Object.entries(tests)) {
  const started = performance.now();
  let own;
  try {
    own = await opened();
    await test(own);
    passed += 1;
    console.log(`ok      ${name} (${Math.round(performance.now() - started)} ms)`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}\n        ${String(error.stack ?? error).replaceAll('\n', '\n        ')}`);
  } finally {
    await own?.context.close();
  }
}
await browser.close();
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
