// Runs the end-to-end tests against a served dist/:  node run.mjs --base-url http://127.0.0.1:8080/ [--only WORDS]
//
// Starts no server. The browser is CHROMIUM or /usr/bin/chromium. A line per test, then `N passed, N failed`.

import { mkdir } from 'node:fs/promises';
import { Bench } from './bench.mjs';
import * as api from './tests/api.mjs';
import * as asking from './tests/asking.mjs';
import * as axe from './tests/axe.mjs';
import * as browse from './tests/browse.mjs';
import * as budgets from './tests/budgets.mjs';
import * as calculators from './tests/calculators.mjs';
import * as clinical from './tests/clinical.mjs';
import * as display from './tests/display.mjs';
import * as faults from './tests/faults.mjs';
import * as input from './tests/input.mjs';
import * as language from './tests/language.mjs';
import * as lifecycle from './tests/lifecycle.mjs';
import * as look from './tests/look.mjs';
import * as note from './tests/note.mjs';
import * as offline from './tests/offline.mjs';
import * as pictures from './tests/pictures.mjs';
import * as policy from './tests/policy.mjs';
import * as privacy from './tests/privacy.mjs';
import * as sink from './tests/sink.mjs';
import * as takeAway from './tests/take_away.mjs';

const argument = (name) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
};
const baseUrl = argument('--base-url');
if (!baseUrl) {
  console.error('usage: node run.mjs --base-url URL [--only WORDS]');
  process.exit(2);
}
const only = argument('--only');
/** A browser that does not answer must not hold up all tests that follow; the longest test takes a minute, or as long as the questions it was told to ask. */
const MOST_MS = (10 + Number(process.env.QUESTIONS ?? 0) / 20) * 60_000;

/** What `work` comes to, or a failure after `MOST_MS`. */
async function within(work) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not over after ${MOST_MS / 60_000} minutes`)), MOST_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

await mkdir(new URL('./output/', import.meta.url), { recursive: true });
const bench = await Bench.open(new URL(baseUrl));
let passed = 0;
const failed = [];
for (const { tests } of [policy, sink, privacy, asking, clinical, calculators, browse, input, note, takeAway, faults, offline, lifecycle, look, display, language, axe, pictures, budgets, api]) {
  for (const [name, test] of Object.entries(tests)) {
    if (only && !name.includes(only)) continue;
    const started = performance.now();
    try {
      // A test that needs another context than the usual says so: `{ context, run }`.
      await within(bench.run(test.run ?? test, test.context));
      passed += 1;
      console.log(`ok      ${name} (${Math.round(performance.now() - started)} ms)`);
    } catch (error) {
      failed.push(name);
      console.log(`FAILED  ${name}\n        ${String(error.stack ?? error).replaceAll('\n', '\n        ')}`);
    }
  }
}
await bench.close();
if (passed + failed.length === 0) {
  console.error(`no test matches ${only}`);
  process.exit(2);
}
console.log(`\n${passed} passed, ${failed.length} failed`);
process.exit(failed.length === 0 ? 0 : 1);
