// Every state looks as it does in docs/SCREENS.md. After a change that is meant to be seen, `node screens.mjs` takes the pictures anew.

import { readFile, writeFile } from 'node:fs/promises';
import { check, equal } from '../bench.mjs';
import { compare, context, FOLDER, MADE_WITH, madeWith, SERIES, take } from '../pictures.mjs';

/** Times and shares differ from run to run; everything else is drawn alike by the same browser with the same fonts. */
const MOST_PIXELS = 0.002;
/** Of another browser, or with other fonts, only what has a place and a colour can be judged. */
const MOST_SQUARES = 0.12;
/** What lists measured times line by line, or what depends on the device. */
const MEASURED = ['routing and engine'];

export const tests = Object.fromEntries(
  Object.entries(SERIES).map(([title, how]) => [
    `looks as in docs/SCREENS.md: ${title}`,
    {
      context: context(how),
      run: async (chairside) => {
        const apart = [];
        let strict;
        await take(chairside, title, how, async (state, name, png) => {
          strict ??= JSON.stringify(await madeWith(chairside)) === JSON.stringify(JSON.parse(await readFile(MADE_WITH, 'utf8')));
          const { pixels, squares, difference } = compare(await readFile(new URL(name, FOLDER)), png);
          if (process.env.PICTURES) console.log(`        ${name}: ${(100 * pixels).toFixed(3)} % of pixels, ${(100 * squares).toFixed(2)} % of squares`);
          if (strict && !MEASURED.includes(state) ? pixels <= MOST_PIXELS : squares <= MOST_SQUARES) return;
          const output = (kind) => new URL(`../output/${kind}-${name}`, import.meta.url);
          await writeFile(output('found'), png);
          await writeFile(output('difference'), difference);
          apart.push(`${name}: ${(100 * pixels).toFixed(2)} % of pixels, ${(100 * squares).toFixed(1)} % of squares`);
        });
        check(strict !== undefined, 'no picture was taken');
        equal(apart, [], 'pictures that differ (output/found-… and output/difference-…)');
      },
    },
  ]),
);
