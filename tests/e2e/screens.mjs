// Takes the pictures of docs/SCREENS.md anew, after a change that is meant to be seen: `node screens.mjs --base-url URL` (with `cargo xtask serve
// --no-build` beside it). `tests/pictures.mjs` holds the page to them.

import { mkdir, rm, writeFile } from 'node:fs/promises';
import { Bench } from './bench.mjs';
import { context, DOCS, FOLDER, MADE_WITH, madeWith, SERIES, take } from './pictures.mjs';

const at = process.argv.indexOf('--base-url');
if (at < 0 || !process.argv[at + 1]) throw new Error('usage: node screens.mjs --base-url URL');

await rm(FOLDER, { recursive: true, force: true });
await mkdir(FOLDER, { recursive: true });
const lines = [
  '# What it looks like',
  '',
  'Taken by `node tests/e2e/screens.mjs` in headless Chromium, 1280 px wide unless said. Times are those of the machine that took them. The end-to-end tests compare the page with these pictures.',
];
const bench = await Bench.open(new URL(process.argv[at + 1]));
let made;
for (const [title, how] of Object.entries(SERIES)) {
  lines.push('', `## ${title}`);
  await bench.run(async (chairside) => {
    await take(chairside, title, how, async (state, name, png) => {
      await writeFile(new URL(name, FOLDER), png);
      lines.push('', `**${state}**`, '', `![${state}, ${title}](screens/${name})`);
    });
    made ??= await madeWith(chairside);
  }, context(how));
}
await bench.close();
await writeFile(MADE_WITH, `${JSON.stringify(made, null, 2)}\n`);
await writeFile(new URL('SCREENS.md', DOCS), `${lines.join('\n')}\n`);
console.log(`${lines.filter((line) => line.startsWith('![')).length} pictures in docs/screens`);
