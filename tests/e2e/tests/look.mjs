// How the page looks and feels: sizes, contrast, widths, keyboard, both colour schemes.

import { check, equal, QUESTION } from '../bench.mjs';

/** Controls smaller than `least` px in one direction, as text. */
export const smallTargets = (least = 48) =>
  [...document.querySelectorAll('button, summary, textarea, select, a[href], input[type="text"], label:has(> input)')]
    .filter((node) => node.checkVisibility() && !node.matches('.skip-link'))
    .map((node) => ({ node, box: node.getBoundingClientRect() }))
    .filter(({ box }) => box.width > 0 && (box.height < least - 0.5 || box.width < least - 0.5))
    .map(({ node, box }) => `${node.tagName} "${node.textContent.slice(0, 20)}" ${box.width.toFixed(0)} x ${box.height.toFixed(0)}`);

/** Visible text whose contrast with its ground is below 7:1 (disabled controls excepted), as text. */
export const paleText = () => {
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = ([r, g, b]) => {
    const linear = [r, g, b].map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      if (colour[3] === 255) return colour;
      if (colour[3] > 0) throw new Error('a half-transparent ground: the test cannot judge it');
    }
    return [255, 255, 255, 255];
  };
  const found = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !node.checkVisibility()) continue;
    if (node.closest('button:disabled, .visually-hidden, .skip-link')) continue;
    const [a, b] = [luminance(rgba(getComputedStyle(node).color)), luminance(ground(node))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 7) found.add(`${ratio.toFixed(2)} on .${node.className}: ${walker.currentNode.textContent.trim().slice(0, 30)}`);
  }
  return [...found];
};

/** Elements that stick out of the page sideways. */
export const tooWide = () => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  return [...document.querySelectorAll('body *')]
    .filter((node) => node.getBoundingClientRect().right > width + 1)
    .map((node) => `${node.tagName}.${node.className}`)
    .slice(0, 5);
};

/** The page as it is on a light or dark device, or in the theme of that name. */
export async function theme(chairside, scheme) {
  if (scheme === 'operatory') {
    await chairside.page.evaluate(() => localStorage.setItem('mambaformer.theme', 'operatory'));
    await chairside.page.reload();
  } else {
    await chairside.page.emulateMedia({ colorScheme: scheme });
  }
}

async function fullPage(chairside) {
  await chairside.open();
  await chairside.ready();
  await chairside.ask(QUESTION);
  await chairside.answered();
  await chairside.page.getByTestId('citation').first().click();
  await chairside.page.locator('.mark--chosen').first().waitFor();
  await chairside.page.locator('.routing__table summary').click();
  await chairside.page.locator('.routing__table tbody tr').first().waitFor();
}

export const tests = {
  ...Object.fromEntries(
    ['light', 'dark', 'operatory'].map((scheme) => [
      `contrast is at least 7:1 and targets at least 48 px: ${scheme}`,
      async (chairside) => {
        await chairside.open();
        await theme(chairside, scheme);
        await chairside.ready();
        await chairside.screenshot(`start-${scheme}`);
        for (const state of ['start', 'answer', 'alarm', 'doses', 'problem']) {
          if (state === 'answer') {
            await chairside.ask(QUESTION);
            await chairside.answered();
            await chairside.page.getByTestId('citation').first().click();
            await chairside.page.locator('.mark--chosen').first().waitFor();
            await chairside.screenshot(`answer-${scheme}`);
          }
          if (state === 'alarm' || state === 'doses') {
            const asked = state === 'alarm' ? 'Patient has stridor and her throat is swelling. What now?' : 'amoxicillin dose for an adult with penicillin allergy, UK';
            await chairside.ask(asked);
            await chairside.page.locator(state === 'alarm' ? '.alarm' : '.doses__table').first().waitFor();
            await chairside.answered();
            await chairside.screenshot(`${state}-${scheme}`);
          }
          if (state === 'problem') {
            await chairside.worker().evaluate(() => self.close());
            await chairside.error();
          }
          equal(await chairside.page.evaluate(paleText), [], `${state}: text with too little contrast`);
          equal(await chairside.page.evaluate(smallTargets), [], `${state}: targets that are too small`);
        }
      },
    ]),
  ),

  'nothing sticks out from 320 to 1920 px': async (chairside) => {
    await fullPage(chairside);
    for (const width of [320, 375, 768, 1024, 1280, 1920]) {
      await chairside.page.setViewportSize({ width, height: 900 });
      equal(await chairside.page.evaluate(tooWide), [], `at ${width} px`);
      if (width === 375 || width === 1920) await chairside.screenshot(`width-${width}`);
    }
  },

  'twice the text size still fits': async (chairside) => {
    await fullPage(chairside);
    await chairside.page.setViewportSize({ width: 640, height: 900 });
    await chairside.page.evaluate(() => (document.documentElement.style.fontSize = '200%'));
    equal(await chairside.page.evaluate(tooWide), [], 'at 200 %');
  },

  'who wants less motion sees none, and forced colours leave every control and state its shape': async (chairside) => {
    // Everything that turns or blinks, whether the browser has it run at this moment or not.
    const moving = () =>
      [...document.querySelectorAll('body *')]
        .flatMap((node) => [null, '::before', '::after'].map((part) => [node, getComputedStyle(node, part)]))
        .filter(([, style]) => style.animationName !== 'none' && (style.animationIterationCount === 'infinite' || parseFloat(style.animationDuration) > 0.001))
        .map(([node]) => `${node.tagName}.${node.className}`);
    await chairside.open();
    check((await chairside.page.evaluate(moving)).length > 0, 'nothing moves for anybody: the test proves nothing');
    await chairside.page.emulateMedia({ reducedMotion: 'reduce' });
    equal(await chairside.page.evaluate(moving), [], 'what moves while everything loads');
    await chairside.ready();
    await chairside.answerTo('Patient has stridor and her throat is swelling. What now?');
    equal(await chairside.page.evaluate(moving), [], 'what moves beside an answer');
    await chairside.page.emulateMedia({ forcedColors: 'active' });
    const bare = await chairside.page.evaluate(() =>
      [...document.querySelectorAll('button, .alarm, [data-testid="answer-state"], textarea, select')]
        .filter((node) => node.checkVisibility())
        // A citation's target is larger than its circle.
        .filter((node) => ![node, ...node.children].some((part) => {
          const style = getComputedStyle(part);
          return style.textDecorationLine !== 'none' || ['Top', 'Right', 'Bottom', 'Left'].some((side) => parseFloat(style[`border${side}Width`]) > 0 && style[`border${side}Style`] !== 'none');
        }))
        .map((node) => `${node.tagName}.${node.className}`),
    );
    equal(bare, [], 'what has no border with forced colours');
    await chairside.screenshot('forced-colours');
  },

  'on a phone the answer comes into view, and the keyboard goes': {
    context: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
    run: async (chairside) => {
      await chairside.open();
      await chairside.ready();
      // The page is moved in a frame after the answer came; where it comes to stand counts.
      const seen = (what) =>
        chairside.page
          .waitForFunction(() => {
            const { top } = document.querySelector('.results').getBoundingClientRect();
            return top >= 0 && top < 0.55 * innerHeight;
          })
          .catch(async (error) => {
            const top = await chairside.page.locator('.results').evaluate((results) => results.getBoundingClientRect().top);
            throw new Error(`${what}: the answer begins at ${top} px`, { cause: error });
          });
      await chairside.answerTo(QUESTION);
      await seen('the first question');
      equal(await chairside.page.evaluate(() => document.activeElement.tagName), 'BODY', 'what has the focus');
      // From the end of the page, too.
      await chairside.at('browse-link').click();
      await chairside.page.locator('.browse__group > summary').first().click();
      await chairside.page.locator('.browse__title').first().click();
      await chairside.at('browse-ask').click();
      await chairside.answered();
      await seen('a question from the contents');
    },
  },

  'an answer that is in view does not move the page': async (chairside) => {
    await chairside.open();
    await chairside.ready();
    await chairside.answerTo(QUESTION);
    const before = await chairside.page.evaluate(() => scrollY);
    await chairside.answerTo('What is dry socket?');
    equal(await chairside.page.evaluate(() => scrollY), before, 'where the page stands');
    equal(await chairside.page.evaluate(() => document.activeElement.dataset.testid), 'question', 'what has the focus');
  },

  'the question is asked and a source read by keyboard alone': async (chairside) => {
    await chairside.open();
    await chairside.ready();
    const press = (key) => chairside.page.keyboard.press(key);
    const focused = () => chairside.page.evaluate(() => document.activeElement.dataset.testid ?? document.activeElement.className);
    await press('Tab');
    equal(await focused(), 'skip-link', 'first stop');
    await press('Enter');
    await press('Tab');
    if ((await focused()) !== 'question') await chairside.at('question').focus();
    await chairside.page.keyboard.type(QUESTION);
    await press('Enter');
    await chairside.answered();
    equal(await focused(), 'question', 'the focus after asking');
    for (let i = 0; i < 12 && (await focused()) !== 'citation'; i += 1) await press('Tab');
    equal(await focused(), 'citation', 'a citation is reached');
    const ring = await chairside.page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    equal(ring, 'solid', 'focus ring');
    await press('Enter');
    await chairside.page.waitForFunction(() => document.activeElement.classList.contains('mark--chosen'));
  },

  'text fields keep spell checkers, form fillers and translators out': async (chairside) => {
    await chairside.open();
    for (const field of ['question', 'note']) {
      for (const [name, value] of [['spellcheck', 'false'], ['autocomplete', 'off'], ['translate', 'no']]) {
        equal(await chairside.at(field).getAttribute(name), value, `${name} of ${field}`);
      }
    }
    equal(await chairside.page.locator('label[for="question"]').count(), 1, 'label of the question');
    equal(await chairside.page.locator('label[for="note"]').count(), 1, 'label of the note');
  },

  'a screen reader hears the passages, whole sentences and the state': async (chairside) => {
    await chairside.open();
    await chairside.ready();
    await chairside.page.evaluate(() => {
      const region = document.querySelector('.visually-hidden[aria-live="polite"]');
      window.heard = [];
      new MutationObserver(() => window.heard.push(region.textContent)).observe(region, {
        subtree: true, childList: true, characterData: true,
      });
    });
    await chairside.ask(QUESTION);
    await chairside.answered();
    const heard = await chairside.page.evaluate(() => new Promise((resolve) => setTimeout(() => resolve(window.heard), 100)));
    check(heard.some((text) => /sources found/.test(text)), `no word of the sources: ${JSON.stringify(heard)}`);
    const heading = await chairside.at('answer-state').locator('strong').innerText();
    check(heard.at(-1).includes(heading), `the state is not told: ${JSON.stringify(heard)}`);
    const sentences = await chairside.page.locator('.sentence__text').allInnerTexts();
    for (const sentence of sentences) {
      check(heard.some((text) => text.includes(sentence.trim())), `not read out: ${sentence}`);
    }
  },
};
