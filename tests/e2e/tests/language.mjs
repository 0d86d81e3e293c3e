// The page in German: every word of its own, nothing lost on the way, its English contents marked as English.

import { check, equal, QUESTION } from '../bench.mjs';
import { complaints, STATES } from './axe.mjs';
import { paleText, smallTargets, tooWide } from './look.mjs';

const speak = (chairside, tag) => chairside.at('language').selectOption(tag);
const lang = (chairside) => chairside.page.evaluate(() => document.documentElement.lang);

/** The names of all visible controls, those apart that are contents (examples, topics, titles). */
const names = (chairside) =>
  chairside.page.evaluate(() =>
    [...document.querySelectorAll('button, summary, textarea, select, input, a[href], nav, [role="group"], [role="region"]')]
      .filter((node) => node.checkVisibility() && !node.matches('.examples__item, .topics__item, .browse__title'))
      .map((node) => node.getAttribute('aria-label') ?? (node.labels?.length ? [...node.labels].map((label) => label.textContent).join(' ') : node.textContent))
      .map((name) => name.replace(/\s+/g, ' ').trim())
      .filter((name) => /\p{L}{2}/u.test(name)),
  );

/** What a reader has typed, chosen and unfolded, and what the page shows of the knowledge base. */
const kept = (chairside) =>
  chairside.page.evaluate(() => ({
    typed: [...document.querySelectorAll('textarea, input, select:not(#language)')].map((field) => (field.type === 'radio' || field.type === 'checkbox' ? field.checked : field.value)),
    open: [...document.querySelectorAll('details')].map((part) => part.open),
    quoted: [...document.querySelectorAll('.sentence__text, .answer__question, .passage__title, .passage__text, .mark--chosen, .token')].map((node) => node.textContent),
  }));

/** Unfolds everything but the lists of titles. */
const unfolded = (chairside) =>
  chairside.page.evaluate(() => {
    for (const part of document.querySelectorAll('main details:not([open], .browse__group)')) part.querySelector('summary').click();
  });

export const tests = {
  'another language changes every word of the page, and nothing typed, answered or unfolded is lost': async (chairside) => {
    await chairside.open();
    await chairside.ready();
    equal(await lang(chairside), 'en', 'language at first');
    await chairside.ask(QUESTION);
    await chairside.answered();
    await unfolded(chairside);
    await chairside.page.getByTestId('citation').first().click();
    await chairside.page.locator('.mark--chosen').first().waitFor();
    await chairside.at('question').fill('typed and not asked');
    await chairside.at('note').fill('a note');
    await chairside.at('maximum-weight').fill('68');
    await chairside.at('dose-age-unit').selectOption('months');
    await chairside.page.locator('.browse__group > summary').first().waitFor();
    const [before, english] = [await kept(chairside), await names(chairside)];

    await chairside.at('language').focus();
    await speak(chairside, 'de');
    equal(await lang(chairside), 'de', 'language of the document');
    equal(await chairside.page.evaluate(() => document.activeElement.id), 'language', 'the focus');
    equal(await kept(chairside), before, 'what was there');
    const german = await names(chairside);
    equal(german.length, english.length, 'as many controls');
    check(german.length > 25, `only ${german.length} controls were seen`);
    // The product's subjects are contents; they are counted and left out by being the same in both.
    const contents = await chairside.page.locator('.browse__group > summary').allInnerTexts();
    const same = german.filter((name) => english.includes(name) && !contents.includes(name));
    equal(same, [], 'names that are still English');
    check((await chairside.page.locator('#question-language').innerText()).includes('auf Englisch'), 'the language of the contents is not stated');
    const marked = (selector) => chairside.page.locator(selector).first().evaluate((node) => node.closest('[lang]').lang);
    for (const selector of ['#question', '.sentence__text', '.passage__text', '.passage__title', '.browse__group > summary']) {
      equal(await marked(selector), 'en', `lang of ${selector}`);
    }
    for (const selector of ['[data-testid="citation"]', '[data-testid="ask"]', '.card__heading']) {
      equal(await marked(selector), 'de', `lang of ${selector}`);
    }
    await chairside.screenshot('german');

    await speak(chairside, 'en');
    equal([await lang(chairside), await names(chairside)], ['en', english], 'English again');
    equal(chairside.complaints, [], 'complaints');
  },

  'the language is kept': async (chairside) => {
    await chairside.open();
    await speak(chairside, 'de');
    await chairside.page.reload();
    await chairside.page.waitForFunction(() => document.documentElement.lang === 'de');
    equal(await chairside.at('language').inputValue(), 'de', 'the choice');
    equal(await chairside.at('ask').innerText(), 'Fragen', 'a word');
  },

  'the language of the browser comes before English and after the choice': {
    context: { locale: 'de-CH' },
    run: async (chairside) => {
      await chairside.open();
      await chairside.at('ask').waitFor();
      equal(await lang(chairside), 'de', 'language at first');
      await speak(chairside, 'en');
      await chairside.page.reload();
      await chairside.at('ask').waitFor();
      equal([await lang(chairside), await chairside.at('ask').innerText()], ['en', 'Ask'], 'after the choice');
    },
  },

  'in German nothing sticks out, is pale or too small': async (chairside) => {
    await chairside.open();
    await speak(chairside, 'de');
    await chairside.ready();
    for (const question of ['Patient has stridor and her throat is swelling. What now?', 'amoxicillin dose for an adult with penicillin allergy, UK']) {
      await chairside.answerTo(question);
      await unfolded(chairside);
      await chairside.at('take-include').check();
      for (const width of [320, 375, 768, 1280]) {
        await chairside.page.setViewportSize({ width, height: 900 });
        equal(await chairside.page.evaluate(tooWide), [], `too wide at ${width} px`);
        equal(await chairside.page.evaluate(smallTargets), [], `too small at ${width} px`);
        if (width === 320 || width === 1280) await chairside.screenshot(`german-${width}`);
      }
      equal(await chairside.page.evaluate(paleText), [], 'text with too little contrast');
    }
  },

  'axe finds nothing in German': async (chairside) => {
    await chairside.open();
    await speak(chairside, 'de');
    await chairside.ready();
    const found = {};
    for (const [state, reach] of Object.entries(STATES)) {
      await reach(chairside);
      found[state] = await complaints(chairside);
    }
    equal(Object.fromEntries(Object.entries(found).filter(([, list]) => list.length > 0)), {}, 'complaints of axe');
  },
};
