// axe-core over every state of the page, in every theme: the rules of WCAG 2.2 up to AA and its best practices.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { equal, QUESTION } from '../bench.mjs';
import { theme } from './look.mjs';

const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Rule and node of everything axe complains of. */
export async function complaints(chairside) {
  // Not by a script element: the page's policy admits none.
  await chairside.page.evaluate(AXE);
  return chairside.page.evaluate(async () => {
    const { violations } = await window.axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    });
    return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')} (${failureSummary.split('\n')[1]?.trim()})`));
  });
}

const answered = (question) => (chairside) => chairside.answerTo(question);

/** What is done to the page, one after the other; each leaves what was there. */
export const STATES = {
  ready: async () => {},
  answer: answered(QUESTION),
  'cited passage': (chairside) => chairside.page.getByTestId('citation').first().click(),
  'routing and engine': async (chairside) => {
    for (const summary of ['.routing__table > summary', '[data-testid="engine"] > summary', '[data-testid="device"] > summary', '[data-testid="display"] > summary']) {
      await chairside.page.locator(summary).click();
    }
  },
  'red flag': answered('Patient has stridor and her throat is swelling. What now?'),
  'dose table': answered('amoxicillin dose for an adult with penicillin allergy, UK'),
  'not covered': answered('How do I bake sourdough bread?'),
  'question and note taken along': async (chairside) => {
    await chairside.at('take-include').check();
    await chairside.at('take-text').waitFor();
  },
  keys: async (chairside) => {
    await chairside.at('keys-open').click();
    await chairside.at('keys').waitFor();
  },
  'keys closed': (chairside) => chairside.at('keys-close').click(),
  calculator: async (chairside) => {
    await chairside.at('calculators-link').click();
    await chairside.at('maximum-calculate').click();
    await chairside.at('maximum-told').locator(':scope > *').first().waitFor();
  },
  contents: async (chairside) => {
    await chairside.at('browse-link').click();
    await chairside.page.locator('.browse__group > summary').first().click();
    await chairside.page.locator('.browse__title').first().waitFor();
  },
  entry: async (chairside) => {
    await chairside.page.locator('.browse__title').first().click();
    await chairside.at('browse-entry').waitFor();
  },
  'worker gone': async (chairside) => {
    await chairside.worker().evaluate(() => self.close());
    await chairside.error();
  },
};

export const tests = Object.fromEntries(
  ['light', 'dark', 'operatory'].map((scheme) => [
    `axe finds nothing in any state: ${scheme}`,
    async (chairside) => {
      await chairside.open();
      await theme(chairside, scheme);
      const found = { loading: await complaints(chairside) };
      await chairside.ready();
      for (const [state, reach] of Object.entries(STATES)) {
        await reach(chairside);
        found[state] = await complaints(chairside);
      }
      equal(Object.fromEntries(Object.entries(found).filter(([, list]) => list.length > 0)), {}, 'complaints of axe');
    },
  ]),
);
