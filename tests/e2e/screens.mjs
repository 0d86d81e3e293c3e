// Takes the pictures of docs/SCREENS.md: `node screens.mjs --base-url URL` (with `cargo xtask serve --no-build` beside it). Every state that axe-core
// looks at, and some of them in other themes, sizes and languages. Pictures are for people: no test compares them.

import { mkdir, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Bench } from './bench.mjs';
import { STATES } from './tests/axe.mjs';
import { theme } from './tests/look.mjs';

const at = process.argv.indexOf('--base-url');
if (at < 0 || !process.argv[at + 1]) throw new Error('usage: node screens.mjs --base-url URL');
const DOCS = new URL('../../docs/', import.meta.url);
const FOLDER = new URL('screens/', DOCS);

/** States that are worth another look: theme, width, language. */
const AGAIN = {
  dark: { scheme: 'dark', states: ['answer', 'red flag', 'dose table'] },
  operatory: { scheme: 'operatory', states: ['answer', 'calculator'] },
  'on a phone': { scheme: 'light', width: 390, states: ['answer', 'dose table', 'calculator'] },
  'in German': { scheme: 'light', language: 'de', states: ['answer', 'red flag'] },
};

await rm(FOLDER, { recursive: true, force: true });
await mkdir(FOLDER, { recursive: true });
const lines = [
  '# What it looks like',
  '',
  'Taken by `node tests/e2e/screens.mjs` in headless Chromium, 1280 px wide unless said. Times are those of the machine that took them.',
];
const bench = await Bench.open(new URL(process.argv[at + 1]));

async function take(title, { scheme, width = 1280, language = 'en', states = Object.keys(STATES) }) {
  lines.push('', `## ${title}`);
  await bench.run(
    async (chairside) => {
      await chairside.open();
      await theme(chairside, scheme);
      await chairside.ready();
      for (const [state, reach] of Object.entries(STATES)) {
        await reach(chairside);
        if (!states.includes(state) || state === 'keys closed') continue;
        // Where this state is: what was opened last, or the top of the page; on a phone where the page itself went.
        const shown = { calculator: '[data-testid="maximum-told"]', contents: '[data-testid="browse-contents"]', entry: '[data-testid="browse-entry"]', 'question and note taken along': '[data-testid="take-away"]', 'routing and engine': '[data-testid="routing"]' }[state];
        await chairside.page.evaluate((shown) => {
          const node = shown && document.querySelector(shown);
          if (node) node.scrollIntoView({ block: node.clientHeight > innerHeight ? 'start' : 'center' });
          else if (innerWidth > 600) scrollTo(0, 0);
        }, shown);
        const name = `${`${title} ${state}`.toLowerCase().replaceAll(/[^a-z]+/g, '-')}.png`;
        await chairside.page.screenshot({ path: fileURLToPath(new URL(name, FOLDER)) });
        lines.push('', `**${state}**`, '', `![${state}, ${title}](screens/${name})`);
      }
    },
    { viewport: { width, height: width < 600 ? 844 : 900 }, locale: language },
  );
}

await take('Every state', { scheme: 'light' });
for (const [title, how] of Object.entries(AGAIN)) await take(title, how);
await bench.close();
await writeFile(new URL('SCREENS.md', DOCS), `${lines.join('\n')}\n`);
console.log(`${lines.filter((line) => line.startsWith('![')).length} pictures in docs/screens`);
