// Looking through the knowledge base: by subject, A to Z, by words of titles; entries whole; without the model and after it.

import { check, equal, QUESTION } from '../bench.mjs';
import { paleText, smallTargets, tooWide } from './look.mjs';

/** Opens the page and the contents; the model need not be there. */
async function opened(chairside) {
  await chairside.open();
  await chairside.searchable();
  await chairside.at('browse-link').click();
  await chairside.page.locator('.browse__group').first().waitFor();
}

/** The titles that are listed. */
const titles = (chairside) => chairside.page.locator('.browse__title').allInnerTexts();
const someTitles = async (chairside) => {
  await chairside.page.locator('.browse__title').first().waitFor();
  return titles(chairside);
};

export const tests = {
  'the knowledge base can be looked through without the model': async (chairside) => {
    await chairside.context.route('**/assets/model/model.safetensors', (route) => route.fulfill({ status: 404, body: 'no' }));
    await opened(chairside);
    await chairside.phase('failed');
    equal(await chairside.page.locator('.browse__group').count(), 20, 'subjects');
    const counts = await chairside.page.locator('.browse__group > summary').allInnerTexts();
    const all = counts.map((text) => Number(/\((\d+)\)/.exec(text)[1])).reduce((a, b) => a + b);
    const [, passages, records] = /([\d,]+) passages, ([\d,]+) records/.exec(await chairside.at('library-version').innerText());
    equal(all, [passages, records].map((count) => Number(count.replace(',', ''))).reduce((a, b) => a + b), 'entries in all subjects');
    await chairside.page.locator('.browse__group > summary', { hasText: 'Trauma' }).click();
    const trauma = await someTitles(chairside);
    check(trauma.length > 50 && trauma.some((title) => /avulsion|avulsed/i.test(title)), `titles: ${trauma.slice(0, 5)}`);
    await chairside.page.locator('.browse__title').first().click();
    const entry = chairside.at('browse-entry');
    check((await entry.locator('.passage__text, .browse__lines').innerText()).length > 80, 'no text');
    check(/not yet reviewed by a clinician/.test(await entry.innerText()), 'the entry does not say who stands behind it');
    equal(await chairside.page.evaluate(() => document.activeElement.tagName), 'H3', 'the focus');
    await chairside.at('browse-contents').click();
    equal(await titles(chairside), trauma, 'what was unfolded before');
  },

  'titles are found by their words, and entries lead to others and back': async (chairside) => {
    await opened(chairside);
    await chairside.at('browse-search').fill('DRY socket');
    await chairside.page.waitForFunction(() => /title/.test(document.querySelector('[data-testid="browse-found"]').textContent));
    const found = await someTitles(chairside);
    check(found.length >= 1 && found.every((title) => /dry socket/i.test(title)), `found: ${found}`);
    await chairside.page.locator('.browse__title:visible').first().click();
    const first = await chairside.at('browse-entry').getAttribute('data-passage');
    await chairside.at('browse-entry').locator('.browse__title').first().click();
    await chairside.page.locator(`[data-testid="browse-entry"]:not([data-passage="${first}"])`).waitFor();
    await chairside.screenshot('browse-entry');
    await chairside.at('browse-back').click();
    await chairside.page.locator(`[data-testid="browse-entry"][data-passage="${first}"]`).waitFor();
    await chairside.at('browse-contents').click();
    equal(await chairside.at('browse-search').inputValue(), 'DRY socket', 'what was looked for');
    await chairside.at('browse-search').fill('zzxxqq');
    await chairside.page.waitForFunction(() => /No title/.test(document.querySelector('[data-testid="browse-found"]').textContent));
    equal(await titles(chairside), [], 'hits');
  },

  'A to Z has a letter for everything': async (chairside) => {
    await opened(chairside);
    await chairside.at('browse-order').selectOption('letter');
    await chairside.page.waitForFunction(() => document.querySelectorAll('.browse__group').length > 20);
    const letters = (await chairside.page.locator('.browse__group > summary').allInnerTexts()).map((text) => text.split(' ')[0]);
    equal(letters, [...letters].sort((a, b) => (a === '#' ? -1 : b === '#' ? 1 : a.localeCompare(b))), 'letters in order');
    await chairside.page.locator('.browse__group > summary', { hasText: /^A / }).click();
    check((await someTitles(chairside)).every((title) => /^\W*a/i.test(title)), 'titles under A');
    await chairside.screenshot('browse');
  },

  'an entry can be asked about while another answer is on screen': async (chairside) => {
    await opened(chairside);
    await chairside.ready();
    await chairside.ask(QUESTION);
    await chairside.answered();
    await chairside.at('browse-search').fill('dry socket');
    await chairside.page.locator('.browse__title:visible').first().click();
    const title = await chairside.at('browse-entry').locator('h3').innerText();
    await chairside.at('browse-ask').click();
    await chairside.page.waitForFunction((title) => document.querySelector('.answer__question')?.textContent === title, title);
    check((await chairside.answered()) !== 'failed', 'the answer failed');
  },

  'the contents can be read and pressed at every width': async (chairside) => {
    await opened(chairside);
    await chairside.page.locator('.browse__group > summary').first().click();
    for (const width of [320, 768, 1280]) {
      await chairside.page.setViewportSize({ width, height: 900 });
      for (const entry of [false, true]) {
        if (entry) await chairside.page.locator('.browse__title:visible').first().click();
        equal(await chairside.page.evaluate(tooWide), [], `too wide at ${width}`);
        equal(await chairside.page.evaluate(smallTargets), [], `small targets at ${width}`);
        equal(await chairside.page.evaluate(paleText), [], `pale text at ${width}`);
        if (entry) await chairside.at('browse-contents').click();
      }
    }
  },
};
