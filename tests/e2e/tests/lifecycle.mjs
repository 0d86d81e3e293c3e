// What befalls a page: a download that is held, a second tab, a tab put aside, frozen or hidden, and being cleared.

import { answers, check, equal, LOAD_MS } from '../bench.mjs';
import { onSite } from '../site.mjs';

const WEIGHTS = 'assets/model/model.safetensors';
const CANARY = 'Zanzibarcanary';


/** A site that sends half of the weights and the rest when `gate.open()` is called. */
const gated = (test) => (chairside) => {
  const gate = {};
  const opened = new Promise((open) => (gate.open = open));
  return onSite(
    (chairside, site) => test(chairside, site, gate).finally(gate.open),
    undefined,
    (path) => (path === WEIGHTS ? opened : undefined),
  )(chairside);
};

export const tests = {
  'a download says what it needs, is held and goes on': gated(async (chairside, site, gate) => {
    await chairside.open();
    await chairside.at('download').waitFor({ timeout: LOAD_MS });
    const told = await chairside.at('download').innerText();
    check(/\d+\.\d MB from 127\.0\.0\.1:\d+, once/.test(told) && /MB of memory/.test(told), told);
    await chairside.at('download-pause').click();
    gate.open();
    await chairside.page.getByText('Paused. What is here already is kept.').waitFor();
    await chairside.screenshot('download-paused');
    const status = () => chairside.at('model-status').innerText();
    const before = await status();
    await chairside.page.waitForTimeout(1500);
    equal(await status(), before, 'bytes received while held');
    equal(await chairside.at('download-pause').innerText(), 'Go on', 'the button');
    await chairside.at('download-pause').click();
    await chairside.ready();
    equal(await chairside.at('download').count(), 0, 'cards when everything is there');
    await answers(chairside);
  }),

  'two tabs download once': gated(async (chairside, site, gate) => {
    await chairside.open();
    await chairside.searchable();
    const first = chairside.page;
    await first.waitForFunction(() => /MB/.test(document.querySelector('[data-testid="model-status"]')?.textContent));
    while (!site.requests.includes(WEIGHTS)) await first.waitForTimeout(50);
    await chairside.open();
    await chairside.at('download-hold').filter({ hasText: 'Another tab' }).waitFor({ timeout: LOAD_MS });
    await chairside.screenshot('download-other-tab');
    gate.open();
    await chairside.ready();
    await answers(chairside);
    await first.locator('[data-testid="model-status"][data-phase="ready"]').waitFor({ timeout: LOAD_MS });
    equal(site.requests.filter((request) => request.startsWith(WEIGHTS)), [WEIGHTS], 'requests for the weights by both');
  }),

  'a tab that stands still is not waited for': gated(async (chairside, site) => {
    await chairside.open();
    await chairside.searchable();
    while (!site.requests.includes(WEIGHTS)) await chairside.page.waitForTimeout(50);
    // The first answer never ends; the second tab is served at once.
    site.hold = undefined;
    await chairside.open();
    await chairside.ready();
    await answers(chairside);
  }),

  'a frozen tab goes on where it was': async (chairside) => {
    await chairside.open();
    await chairside.ready();
    await chairside.at('note').evaluate((box) => (box.value = 'Warfarin, INR 2.5'));
    const session = await chairside.context.newCDPSession(chairside.page);
    await session.send('Page.setWebLifecycleState', { state: 'frozen' });
    await new Promise((later) => setTimeout(later, 1500));
    await session.send('Page.setWebLifecycleState', { state: 'active' });
    equal(await chairside.at('note').inputValue(), 'Warfarin, INR 2.5', 'the note');
    await answers(chairside);
  },

  'going back to the page shows no answer of before that cannot be used': async (chairside) => {
    await chairside.open();
    await chairside.ready();
    await answers(chairside);
    await chairside.page.goto('about:blank');
    await chairside.page.goBack();
    await chairside.ready();
    // Kept by the browser with its worker, or started anew with nothing on it; both answer.
    const before = await chairside.at('answer-state').count();
    equal((await chairside.at('question').inputValue()) !== '', before > 0, 'a question without its answer, or an answer without its question');
    await answers(chairside);
  },

  'a page that slept past its time is cleared before it is seen': async (chairside) => {
    await chairside.context.addInitScript(() => {
      localStorage.setItem('mambaformer.clear', '5');
      const now = Date.now.bind(Date);
      window.slept = 0;
      Date.now = () => now() + window.slept;
    });
    await chairside.open();
    await chairside.ready();
    await chairside.at('question').fill(CANARY);
    const reloaded = chairside.page.waitForEvent('load');
    await chairside.page.evaluate(() => (window.slept = 3_600_000));
    // The touch that wakes it counts for nothing.
    await chairside.page.mouse.move(30, 30);
    await reloaded;
    await chairside.ready();
    equal(await chairside.at('question').inputValue(), '', 'the question');
  },

  'a page that is to be cleared when it is covered is': async (chairside) => {
    await chairside.open();
    await chairside.ready();
    await chairside.at('device').locator('summary').click();
    const cover = () =>
      chairside.page.evaluate(() => {
        Object.defineProperty(document, 'hidden', { configurable: true, get: () => true });
        document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
        delete document.hidden;
      });
    await chairside.at('question').fill(CANARY);
    await cover();
    await chairside.page.waitForTimeout(300);
    equal(await chairside.at('question').inputValue(), CANARY, 'not wished for');
    await chairside.at('clear-hidden').check();
    const reloaded = chairside.page.waitForEvent('load');
    await cover();
    await reloaded;
    await chairside.ready();
    equal(await chairside.at('question').inputValue(), '', 'the question');
    check(await chairside.at('clear-hidden').isChecked(), 'the choice is kept');
  },

  'clearing overwrites the memory of worker and page': async (chairside) => {
    const told = [];
    await chairside.open();
    chairside.page.on('console', (message) => {
      if (message.text().startsWith('overwritten ')) told.push(JSON.parse(message.text().slice(12)));
    });
    await chairside.ready();
    await chairside.at('note').evaluate((box, text) => (box.value = text), `The patient is called ${CANARY} and takes warfarin.`);
    await answers(chairside);
    // Whoever overwrites memory does it so; what it held before and after is told.
    const watch = (where, canary) => {
      const fill = Uint8Array.prototype.fill;
      const letters = [...canary].map((letter) => letter.charCodeAt(0));
      // By the engine's own search: the page gives the worker half a second.
      const holds = (bytes) => {
        for (let at = bytes.indexOf(letters[0]); at >= 0; at = bytes.indexOf(letters[0], at + 1)) {
          if (letters.every((letter, i) => bytes[at + i] === letter)) return true;
        }
        return false;
      };
      Uint8Array.prototype.fill = function (...values) {
        const before = holds(this);
        fill.apply(this, values);
        console.log(`overwritten ${JSON.stringify({ where, bytes: this.length, before, after: holds(this) })}`);
      };
    };
    await chairside.page.evaluate(`(${watch})('page', '${CANARY}')`);
    await chairside.worker().evaluate(`(${watch})('worker', '${CANARY}')`);
    // What the worker tells is lost where it is gone at once.
    await chairside.worker().evaluate(() => { const close = self.close.bind(self); self.close = () => setTimeout(close, 300); });
    const reloaded = chairside.page.waitForEvent('load');
    await chairside.at('clear').click();
    await reloaded;
    await chairside.ready();
    equal(told.map(({ where, after }) => ({ where, after })).sort((a, b) => (a.where < b.where ? -1 : 1)), [{ where: 'page', after: false }, { where: 'worker', after: false }], 'memories');
    check(told.find(({ where }) => where === 'worker').before, 'the worker did not hold the note: the test looks at the wrong memory');
    check(told.every(({ bytes }) => bytes > 1_000_000), JSON.stringify(told));
  },

  'what was typed is found nowhere after clearing': async (chairside) => {
    await chairside.open();
    await chairside.ready();
    await chairside.at('note').evaluate((box, text) => (box.value = text), `The patient is called ${CANARY}.`);
    await chairside.ask(`What are the treatments for dry mouth in ${CANARY}?`);
    await chairside.answered();
    await chairside.at('take-include').check();
    await chairside.at('take-text').waitFor();
    const session = await chairside.context.newCDPSession(chairside.page);
    const heap = async () => {
      const chunks = [];
      const collect = ({ chunk }) => chunks.push(chunk);
      session.on('HeapProfiler.addHeapSnapshotChunk', collect);
      await session.send('HeapProfiler.collectGarbage');
      await session.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false });
      session.off('HeapProfiler.addHeapSnapshotChunk', collect);
      return chunks.join('');
    };
    // Text on screen is the browser's; a script's own shows that a snapshot would find it.
    await chairside.page.evaluate((canary) => (window.held = `held ${canary}`), CANARY);
    check((await heap()).includes(CANARY), 'a snapshot finds what a script holds');
    const reloaded = chairside.page.waitForEvent('load');
    await chairside.at('clear').click();
    await reloaded;
    await chairside.ready();
    check(!(await heap()).includes(CANARY), 'found in the heap of the page');
    const kept = await chairside.page.evaluate(async () => {
      const names = await caches.keys();
      const addresses = await Promise.all(names.map(async (name) => (await (await caches.open(name)).keys()).map(({ url }) => url)));
      return JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }, names, addresses, await indexedDB.databases(), location.href, history.state, document.title]);
    });
    check(!kept.includes(CANARY), `found in what the browser keeps: ${kept}`);
    check(![...chairside.complaints, ...chairside.requests].some((text) => text.includes(CANARY)), 'found in the console or in an address');
    equal(chairside.complaints, [], 'complaints');
  },
};
