// What the reader can choose of the display, and the keys.

import { check, equal, QUESTION } from '../bench.mjs';
import { smallTargets, tooWide } from './look.mjs';

const root = (chairside, name) => chairside.page.evaluate((name) => document.documentElement.getAttribute(name), name);

export const tests = {
  'a theme is chosen, holds against the device and is kept': async (chairside) => {
    await chairside.open();
    await chairside.page.emulateMedia({ colorScheme: 'dark' });
    await chairside.at('display').locator('summary').click();
    const ground = () => chairside.page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const seen = {};
    for (const theme of ['device', 'dark', 'light', 'operatory']) {
      await chairside.at('theme').selectOption(theme);
      equal(await root(chairside, 'data-theme'), theme, 'the document');
      seen[theme] = await ground();
    }
    equal(seen.device, seen.dark, 'on a dark device');
    equal(new Set(Object.values(seen)).size, 3, `grounds: ${JSON.stringify(seen)}`);
    const size = () => chairside.page.evaluate(() => parseFloat(getComputedStyle(document.documentElement).fontSize));
    equal(await size(), 20, 'type of the operatory theme');
    await chairside.page.reload();
    equal(await root(chairside, 'data-theme'), 'operatory', 'after a reload');
    await chairside.at('display').locator('summary').click();
    equal(await chairside.at('theme').inputValue(), 'operatory', 'the choice shown');
  },

  'with large controls every target has 64 px and nothing sticks out': async (chairside) => {
    await chairside.open();
    await chairside.ready();
    await chairside.at('display').locator('summary').click();
    await chairside.at('large-targets').check();
    await chairside.ask(QUESTION);
    await chairside.answered();
    await chairside.at('calculators-link').click();
    equal(await chairside.page.evaluate(`(${smallTargets})(64)`), [], 'targets that are too small');
    for (const theme of ['light', 'operatory']) {
      await chairside.at('theme').selectOption(theme);
      for (const width of [320, 768, 1280]) {
        await chairside.page.setViewportSize({ width, height: 900 });
        equal(await chairside.page.evaluate(tooWide), [], `${theme} at ${width} px`);
      }
      await chairside.screenshot(`large-${theme}`);
    }
    await chairside.page.reload();
    equal(await root(chairside, 'data-targets'), 'large', 'after a reload');
  },

  'the gate is leant from the next question on, by keyboard, and the choice is kept': async (chairside) => {
    const share = async (question) => {
      await chairside.answerTo(question);
      const [, count, whole] = /EMamba: (\d+) of (\d+) tokens/.exec(await chairside.at('routing').innerText());
      return Number(count) / Number(whole);
    };
    const effect = () => chairside.at('speed-effect').innerText();
    await chairside.open();
    await chairside.ready();
    const trained = await share(QUESTION);
    equal(await chairside.at('speed').inputValue(), '0', 'the slider at first');
    const atFirst = await effect();
    const shares = {};
    for (const [key, presses, question] of [['ArrowRight', 2, 'How do I manage a dry socket?'], ['ArrowLeft', 4, QUESTION]]) {
      const told = await chairside.at('answer').innerText();
      await chairside.at('speed').focus();
      for (let i = 0; i < presses; i += 1) await chairside.page.keyboard.press(key);
      equal(await chairside.at('answer').innerText(), told, 'the answer on screen');
      check((await effect()) !== atFirst, `the effect of ${key} is not told`);
      check((await chairside.at('speed').getAttribute('aria-valuetext')).includes(key === 'ArrowRight' ? 'EMamba' : 'ET5'), 'the position in words');
      shares[key] = await share(question);
    }
    check(shares.ArrowLeft < trained / 4 && shares.ArrowRight > 2 * trained, `shares ${trained}, ${JSON.stringify(shares)}`);
    await chairside.page.reload();
    await chairside.ready();
    equal(await share(QUESTION), shares.ArrowLeft, 'the share after a reload');
    equal(await chairside.at('speed').inputValue(), '-2', 'the slider after a reload');
    equal(chairside.complaints, [], 'complaints');
    await chairside.screenshot('speed');
  },

  'the keys are listed by ? and by a button, and the focus comes back': async (chairside) => {
    await chairside.open();
    await chairside.ready();
    const press = (key) => chairside.page.keyboard.press(key);
    const focused = () => chairside.page.evaluate(() => document.activeElement.dataset.testid ?? document.activeElement.tagName);
    await press('?');
    await chairside.at('keys').waitFor();
    for (const key of ['Shift + Enter', 'Alt + Shift + C', 'Esc']) check((await chairside.at('keys').innerText()).includes(key), `${key} is not listed`);
    await chairside.screenshot('keys');
    await press('Escape');
    await chairside.at('keys').waitFor({ state: 'hidden' });
    await press('/');
    equal(await focused(), 'question', 'the focus after /');
    // In a field they are letters.
    await chairside.page.keyboard.type('Is 1/2 a dose?');
    equal(await chairside.at('question').inputValue(), 'Is 1/2 a dose?', 'the question');
    equal(await chairside.at('keys').isVisible(), false, 'the list');
    await chairside.at('display').locator('summary').click();
    await chairside.at('keys-open').click();
    await chairside.at('keys').waitFor();
    await chairside.at('keys-close').click();
    equal(await focused(), 'keys-open', 'the focus after closing');
    await chairside.at('single-keys').uncheck();
    await press('?');
    equal(await chairside.at('keys').isVisible(), false, 'the list, where single keys are turned off');
  },

  'Esc stops the running answer': async (chairside) => {
    await chairside.open();
    await chairside.at('question').fill(QUESTION);
    await chairside.at('question').press('Enter');
    await chairside.page.waitForFunction(() => !document.querySelector('[data-testid="stop"]').disabled);
    await chairside.page.keyboard.press('Escape');
    await chairside.page.waitForFunction(() => document.querySelector('[data-testid="stop"]').disabled);
    await chairside.ready();
    equal(await chairside.at('question').inputValue(), QUESTION, 'the question');
    equal(await chairside.page.locator('[data-testid="answer-state"][data-author="model"]').count(), 0, 'answers of a question that was taken back');
  },
};
