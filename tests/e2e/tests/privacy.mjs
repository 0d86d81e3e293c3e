// Questions in a row, and nothing leaves: counted by the browser and by the server.  QUESTIONS=1000 node run.mjs --base-url URL --only "in a row"

import { readdir, readFile } from 'node:fs/promises';
import { check, equal } from '../bench.mjs';
import { onSite } from '../site.mjs';

const COUNT = Number(process.env.QUESTIONS ?? 25);
const DATA = new URL('../../../data/dentalqa/', import.meta.url);

/** Questions of DentalQA, spread over all subjects. */
async function questions(count) {
  const names = (await readdir(DATA)).filter((name) => name.endsWith('.jsonl')).sort();
  const subjects = await Promise.all(names.map(async (name) => (await readFile(new URL(name, DATA), 'utf8')).trim().split('\n')));
  const found = [];
  for (let row = 0; found.length < count; row += 1) {
    for (const rows of subjects) if (rows[row * 7] && found.length < count) found.push(JSON.parse(rows[row * 7]).question);
  }
  return found;
}

export const tests = {
  [`${COUNT} questions in a row ask for nothing`]: onSite(async (chairside, site) => {
    await chairside.open();
    await chairside.ready();
    await chairside.page.waitForFunction(() => document.querySelector('[data-testid="device-short"]')?.textContent.includes('sealed'));
    chairside.requests.length = 0;
    site.requests.length = 0;
    const states = {};
    for (const question of await questions(COUNT)) {
      const state = await chairside.answerTo(question);
      states[state] = (states[state] ?? 0) + 1;
    }
    console.log(`        ${JSON.stringify(states)}`);
    equal(site.requests, [], 'requests that the server saw');
    equal(chairside.requests, [], 'requests that the browser saw');
    equal(chairside.complaints, [], 'complaints');
    check((states.failed ?? 0) === 0, 'answers that failed');
    // An address of this site is all the policy still admits: what is counted above is counted.
    await chairside.page.evaluate(() => new Promise((done) => { const image = new Image(); image.onload = image.onerror = done; image.src = 'icon.svg?injected'; }));
    equal(site.requests, ['icon.svg?injected'], 'an injected request at the server');
    equal(chairside.requests.length, 1, 'an injected request in the browser');
  }),
};
