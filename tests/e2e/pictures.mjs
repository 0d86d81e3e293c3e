// The pictures of docs/SCREENS.md: which there are, how each is taken, and how far two of them are apart.

import pixelmatch from 'pixelmatch';
import { PNG } from 'pngjs';
import { STATES } from './tests/axe.mjs';
import { theme } from './tests/look.mjs';

export const DOCS = new URL('../../docs/', import.meta.url);
export const FOLDER = new URL('screens/', DOCS);
/** With what the pictures were taken: another browser or other fonts draw other letters. */
export const MADE_WITH = new URL('made-with.json', FOLDER);

/** What is pictured: theme, width, language, states (all unless said). */
export const SERIES = {
  'Every state': { scheme: 'light' },
  dark: { scheme: 'dark', states: ['answer', 'red flag', 'dose table'] },
  operatory: { scheme: 'operatory', states: ['answer', 'calculator'] },
  'on a phone': { scheme: 'light', width: 390, states: ['answer', 'dose table', 'calculator'] },
  'in German': { scheme: 'light', language: 'de', states: ['answer', 'red flag'] },
};

/** Where a state is to be seen, if not where the page itself went (on a phone) or at its top. */
const SHOWN = {
  calculator: '[data-testid="maximum-told"]',
  contents: '[data-testid="browse-contents"]',
  entry: '[data-testid="browse-entry"]',
  'question and note taken along': '[data-testid="take-away"]',
  'routing and engine': '[data-testid="routing"]',
};

/** How a page for a series is opened (`Bench.run`). */
export const context = ({ width = 1280, language = 'en' }) => ({ viewport: { width, height: width < 600 ? 844 : 900 }, locale: language });

/** Takes the pictures of a series one after the other: `each` gets the state, the file's name and the PNG. */
export async function take(chairside, title, { scheme, states }, each) {
  await chairside.open();
  await theme(chairside, scheme);
  await chairside.ready();
  const left = new Set((states ?? Object.keys(STATES)).filter((state) => state !== 'keys closed'));
  for (const [state, reach] of Object.entries(STATES)) {
    if (left.size === 0) return;
    await reach(chairside);
    if (!left.delete(state)) continue;
    await chairside.page.evaluate((shown) => {
      const node = shown && document.querySelector(shown);
      if (node) node.scrollIntoView({ block: node.clientHeight > innerHeight ? 'start' : 'center' });
      else if (innerWidth > 600) scrollTo(0, 0);
    }, SHOWN[state]);
    const name = `${`${title} ${state}`.toLowerCase().replaceAll(/[^a-z]+/g, '-')}.png`;
    await each(state, name, await chairside.page.screenshot({ animations: 'disabled', caret: 'hide' }));
  }
}

/** Browser and fonts, as text: what a sample in the page's own fonts comes to. */
export async function madeWith(chairside) {
  const letters = await chairside.page.evaluate(async () => {
    const canvas = new OffscreenCanvas(900, 120);
    const pen = canvas.getContext('2d');
    const fonts = [document.body, document.querySelector('button'), document.querySelector('code, pre') ?? document.body];
    for (const [row, node] of fonts.entries()) {
      const { fontFamily, fontWeight } = getComputedStyle(node);
      pen.font = `${fontWeight} 24px ${fontFamily}`;
      pen.fillText('Handgloves 0123456789 äöüß ½ µg → ✓', 4, 30 + 36 * row);
    }
    const digest = await crypto.subtle.digest('SHA-256', pen.getImageData(0, 0, 900, 120).data);
    return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  });
  return { browser: chairside.page.context().browser().version().split('.')[0], letters };
}

/** Mean colours of squares of `SIDE` px, row by row. */
const SIDE = 20;
function squares({ width, height, data }) {
  const [columns, rows] = [Math.floor(width / SIDE), Math.floor(height / SIDE)];
  const sums = new Float64Array(columns * rows * 3);
  for (let y = 0; y < rows * SIDE; y += 1) {
    for (let x = 0; x < columns * SIDE; x += 1) {
      const to = 3 * (Math.floor(y / SIDE) * columns + Math.floor(x / SIDE));
      for (let channel = 0; channel < 3; channel += 1) sums[to + channel] += data[4 * (y * width + x) + channel];
    }
  }
  return sums.map((sum) => sum / (SIDE * SIDE));
}

/**
 * How far two pictures are apart: `pixels`, the share of pixels that an eye would tell apart, and `squares`, the share of squares whose mean colour
 * differs much, which other letters alone do not change. A picture of what differs is made beside it. Pictures of different sizes are wholly apart.
 */
export function compare(expected, found) {
  const [one, other] = [PNG.sync.read(expected), PNG.sync.read(found)];
  const { width, height } = one;
  if (width !== other.width || height !== other.height) return { pixels: 1, squares: 1, difference: found };
  const difference = new PNG({ width, height });
  const pixels = pixelmatch(one.data, other.data, difference.data, width, height, { threshold: 0.15 }) / (width * height);
  const [here, there] = [squares(one), squares(other)];
  let apart = 0;
  for (let at = 0; at < here.length; at += 3) {
    if ([0, 1, 2].some((channel) => Math.abs(here[at + channel] - there[at + channel]) > 24)) apart += 1;
  }
  return { pixels, squares: apart / (here.length / 3), difference: PNG.sync.write(difference) };
}
