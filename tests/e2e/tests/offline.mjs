// What is kept on the device: the page with the server stopped, downloads that break off, storage that goes bad, versions, the seal.

import { answers, check, equal, LOAD_MS } from '../bench.mjs';
import { onSite } from '../site.mjs';

const WEIGHTS = 'assets/model/model.safetensors';
const PART = 4 << 20;
const STORE = 'mambaformer-assets';

/** Opens the page and waits until everything is kept. */
async function kept(chairside) {
  await chairside.open();
  await chairside.ready();
  await chairside.page.waitForFunction(
    () => document.querySelector('[data-testid="device-short"]')?.textContent === 'works offline, sealed',
    undefined,
    { timeout: LOAD_MS },
  );
}

/** Breaks the connection at the first `times` requests for the weights. */
const breaking = (times) => {
  let left = times;
  return (path) => (path === WEIGHTS && left-- > 0 ? 'break' : undefined);
};

const serviceWorkers = { serviceWorkers: 'allow' };

/** Flips a bit in every kept part whose address holds `words`; how many there were. */
const spoil = (chairside, words = '') =>
  chairside.page.evaluate(
    async ([store, words]) => {
      const cache = await caches.open(store);
      const keys = (await cache.keys()).filter((key) => key.url.includes(words));
      for (const key of keys) {
        const response = await cache.match(key);
        const bytes = new Uint8Array(await response.arrayBuffer());
        bytes[bytes.length >> 1] ^= 1;
        await cache.put(key, new Response(bytes, { headers: response.headers }));
      }
      return keys.length;
    },
    [STORE, words],
  );

export const tests = {
  'everything works with the server stopped': {
    context: serviceWorkers,
    run: onSite(async (chairside, site) => {
      await kept(chairside);
      await chairside.page.close();
      await site.stop();
      const started = performance.now();
      await chairside.open();
      await chairside.ready();
      console.log(`        ready without a server after ${Math.round(performance.now() - started)} ms`);
      await answers(chairside);
      await chairside.at('device').locator('summary').click();
      check(/server stopped/.test(await chairside.at('device-offline').innerText()), 'it does not say so');
      await chairside.screenshot('offline');
      equal(chairside.complaints, [], 'complaints');
      await site.start();
    }),
  },

  'a second visit fetches nothing but the list of files': onSite(async (chairside, site) => {
    await chairside.open();
    await chairside.ready();
    await chairside.page.close();
    site.requests.length = 0;
    const started = performance.now();
    await chairside.open();
    await chairside.ready();
    console.log(`        ready from the copy after ${Math.round(performance.now() - started)} ms`);
    const assets = site.requests.filter((path) => path.startsWith('assets/'));
    equal(assets, ['assets/index.json'], 'files of the assistant that were fetched again');
  }),

  'a download that breaks off goes on where it was': onSite(async (chairside, site) => {
    await chairside.open();
    await chairside.ready();
    const asked = site.requests.filter((request) => request.startsWith(WEIGHTS));
    const starts = asked.map((request) => Number(/ (\d+)-$/.exec(request)?.[1] ?? 0));
    check(asked.length === 4, `requests: ${asked}`);
    // A part that was not whole yet is fetched again, nothing before it.
    check(starts.every((start, at) => start % PART === 0 && (at === 0 || start >= starts[at - 1])) && starts[1] >= PART, `starts: ${starts}`);
    await answers(chairside);
  }, breaking(3)),

  'a download that is given up goes on at the next visit': onSite(async (chairside, site) => {
    await chairside.open();
    equal((await chairside.error()).kind, 'network', 'kind');
    const before = site.requests.filter((request) => request.startsWith(WEIGHTS)).length;
    check(before >= 5, `it was tried ${before} times`);
    await chairside.page.close();
    site.change = () => undefined;
    site.requests.length = 0;
    await chairside.open();
    await chairside.ready();
    const [first] = site.requests.filter((request) => request.startsWith(WEIGHTS));
    check(Number(/ (\d+)-$/.exec(first)?.[1] ?? 0) >= PART, `the first request was ${first}`);
  }, breaking(100)),

  'storage that went bad is noticed and fetched again': onSite(async (chairside, site) => {
    await chairside.open();
    await chairside.ready();
    const spoilt = await spoil(chairside);
    check(spoilt > 10, `${spoilt} parts`);
    await chairside.page.close();
    site.requests.length = 0;
    await chairside.open();
    await chairside.ready();
    check(site.requests.some((request) => request.startsWith(WEIGHTS)), 'nothing was fetched again');
    await answers(chairside);
  }),

  'files of another version are removed when this one is loaded': onSite(async (chairside) => {
    await chairside.open();
    await chairside.page.evaluate(async (store) => {
      const cache = await caches.open(store);
      await cache.put('assets/model/model.safetensors?sha256=0000&part=0', new Response('old'));
    }, STORE);
    await chairside.ready();
    const old = await chairside.page.evaluate(async (store) => {
      const keys = await (await caches.open(store)).keys();
      return keys.filter((key) => key.url.includes('sha256=0000')).length;
    }, STORE);
    equal(old, 0, 'parts of another version');
  }),

  'the files can be checked, and a damaged one is named and fetched again': onSite(async (chairside, site) => {
    await chairside.open();
    await chairside.ready();
    await chairside.at('device').locator('summary').click();
    const told = (words) => chairside.page.waitForFunction((words) => document.querySelector('[data-testid="device-told"]')?.textContent.includes(words), words);
    await chairside.at('device-verify').click();
    await told('Every byte is as published');
    const said = await chairside.at('device-told').innerText();
    check(Number(/(\d+) files/.exec(said)?.[1]) >= 8 && Number(/([\d.]+) MB/.exec(said)?.[1]) > 20, said);
    equal(await spoil(chairside, 'vectors.bin'), 1, 'parts spoilt');
    await chairside.at('device-verify').click();
    await told('Damaged, and removed: vectors.bin.');
    await answers(chairside);
    site.requests.length = 0;
    await chairside.page.reload();
    await chairside.ready();
    const fetched = site.requests.filter((request) => request.startsWith('assets/'));
    check(fetched.some((request) => request.includes('vectors.bin')) && !fetched.some((request) => request.startsWith(WEIGHTS)), `fetched: ${fetched}`);
  }),

  'the files can be removed': onSite(async (chairside, site) => {
    await chairside.open();
    await chairside.ready();
    await chairside.at('device').locator('summary').click();
    await chairside.at('device-remove').click();
    await chairside.page.waitForFunction(async (store) => !(await caches.keys()).includes(store), STORE);
    await answers(chairside);
    site.requests.length = 0;
    await chairside.page.reload();
    await chairside.ready();
    check(site.requests.includes(WEIGHTS), 'the weights were not fetched again');
  }),

  'a new version waits until it is taken, and is taken whole': {
    context: serviceWorkers,
    run: onSite(async (chairside, site) => {
      await kept(chairside);
      // The same site with another icon.
      const icon = await site.file('icon.svg');
      const body = Buffer.from(`${icon.body}<!-- two -->`);
      const hash = Buffer.from(await crypto.subtle.digest('SHA-256', body)).toString('hex');
      const release = await site.file('release.js');
      const before = Buffer.from(await crypto.subtle.digest('SHA-256', icon.body)).toString('hex');
      const listed = release.body.toString().replace(before, hash).replace(/version = '[^']*'/, "version = 'two'");
      site.files.set('icon.svg', { ...icon, body });
      site.files.set('release.js', { ...release, body: Buffer.from(listed) });
      const shown = () => chairside.page.evaluate(async () => (await (await caches.match(new URL('icon.svg', location.href))).text()).includes('two'));
      await chairside.page.evaluate(() => navigator.serviceWorker.getRegistration().then((registration) => registration.update()));
      await chairside.at('update').waitFor({ timeout: LOAD_MS });
      await chairside.screenshot('update');
      equal(await chairside.page.evaluate(() => caches.keys().then((names) => names.filter((name) => name.startsWith('mambaformer-page-')).length)), 2, 'versions kept');
      await chairside.at('take-update').click();
      await chairside.page.waitForFunction(
        () => caches.keys().then((names) => names.filter((name) => name.startsWith('mambaformer-page-')).join() === 'mambaformer-page-two'),
        undefined,
        { timeout: LOAD_MS },
      );
      await chairside.ready();
      check(await shown(), 'the icon of the old version');
    }),
  },

  'a version that is not whole is not taken': {
    context: serviceWorkers,
    run: onSite(
      async (chairside, site) => {
        await chairside.open();
        await chairside.ready();
        await chairside.page.waitForFunction(
          () => /server is needed/.test(document.querySelector('[data-testid="device-offline"]')?.textContent ?? ''),
          undefined,
          { timeout: LOAD_MS },
        );
        check(site.requests.includes('icon.svg'), 'the altered file was not fetched');
        await answers(chairside);
      },
      (path, whole) => (path === 'icon.svg' ? { ...whole, body: Buffer.from('<svg/>') } : undefined),
    ),
  },

  'once loaded, page and worker can open no connection': onSite(async (chairside, site) => {
    await chairside.open();
    const before = await chairside.page.evaluate(() => fetch('icon.svg').then((answer) => answer.ok));
    check(before, 'the same request gets through before');
    await chairside.ready();
    await chairside.page.waitForFunction(() => document.querySelector('[data-testid="device-short"]')?.textContent.includes('sealed'));
    site.requests.length = 0;
    const ways = await chairside.page.evaluate(async () => {
      const refused = [];
      const seen = (event) => refused.push(event.effectiveDirective);
      document.addEventListener('securitypolicyviolation', seen);
      const told = {
        fetch: await fetch('icon.svg').then(() => 'reached', () => 'refused'),
        xhr: await new Promise((done) => {
          const request = new XMLHttpRequest();
          request.onload = () => done('reached');
          request.onerror = () => done('refused');
          request.open('GET', 'icon.svg');
          request.send();
        }),
        socket: await new Promise((done) => {
          try {
            const socket = new WebSocket(`ws://${location.host}/`);
            socket.onopen = () => done('reached');
            socket.onerror = () => done('refused');
          } catch {
            done('refused');
          }
        }),
      };
      navigator.sendBeacon('icon.svg', 'x');
      await new Promise((done) => setTimeout(done, 300));
      document.removeEventListener('securitypolicyviolation', seen);
      return { told, refused };
    });
    equal(Object.values(ways.told), ['refused', 'refused', 'refused'], 'ways out of the page');
    check(ways.refused.length >= 4 && ways.refused.every((directive) => directive === 'connect-src'), `refused: ${ways.refused}`);
    const left = await chairside.worker().evaluate(() =>
      ['fetch', 'XMLHttpRequest', 'WebSocket', 'EventSource', 'caches', 'indexedDB', 'Worker'].filter((way) => self[way] !== undefined),
    );
    equal(left, [], 'ways out of the worker');
    equal(site.requests, [], 'requests that reached the server after the seal');
    await chairside.at('device').locator('summary').click();
    check(/4 attempts were refused/.test(await chairside.at('device-seal').innerText()), await chairside.at('device-seal').innerText());
  }),

  'the service worker lets nothing else out': {
    context: serviceWorkers,
    run: onSite(async (chairside, site) => {
      await kept(chairside);
      site.requests.length = 0;
      // Images and scripts of this site are what the page's policy still admits.
      await chairside.page.evaluate(async () => {
        const load = (make) => new Promise((done) => { const node = make(); node.onload = node.onerror = done; });
        await load(() => Object.assign(new Image(), { src: 'icon.svg?secret=1' }));
        await load(() => Object.assign(new Image(), { src: 'no-such-file?secret=2' }));
        await load(() => document.body.appendChild(Object.assign(document.createElement('script'), { src: 'secret-3.js' })));
      });
      equal(site.requests, [], 'requests that reached the server');
    }),
  },

  'the page is cleared by keys and starts anew': async (chairside) => {
    await chairside.open();
    await chairside.ready();
    await answers(chairside);
    await chairside.at('note').evaluate((box) => (box.value = 'Zanzibarcanary'));
    const reloaded = chairside.page.waitForEvent('load');
    await chairside.page.keyboard.press('Alt+Shift+KeyC');
    await reloaded;
    await chairside.ready();
    equal(await chairside.at('question').inputValue(), '', 'the question');
    equal(await chairside.at('note').inputValue(), '', 'the note');
    equal(await chairside.at('answer-state').count(), 0, 'answers');
    check(!(await chairside.page.content()).includes('Zanzibarcanary'), 'found in the page');
  },

  'a page that nobody touches warns and clears itself': async (chairside) => {
    await chairside.context.addInitScript(() => {
      // A second of the page's clock in 200 ms.
      const interval = window.setInterval;
      window.setInterval = (run, ms) => interval(run, ms === 1000 ? 200 : ms);
      const [now, began] = [Date.now.bind(Date), Date.now()];
      Date.now = () => began + 5 * (now() - began);
      localStorage.setItem('mambaformer.clear', '1');
    });
    await chairside.open();
    await chairside.ready();
    await chairside.at('clear-warning').waitFor({ state: 'detached' });
    await chairside.at('question').click();
    await chairside.at('question').fill('Zanzibarcanary');
    await chairside.at('clear-warning').waitFor({ timeout: 20_000 });
    await chairside.screenshot('clear-warning');
    // Not by the mouse, which would be a touch itself.
    await chairside.at('clear-keep').evaluate((button) => button.click());
    await chairside.at('clear-warning').waitFor({ state: 'detached' });
    equal(await chairside.at('clear-warning').count(), 0, 'warnings after Keep');
    equal(await chairside.at('question').inputValue(), 'Zanzibarcanary', 'what was kept');
    await chairside.page.waitForEvent('load', { timeout: 40_000 });
    await chairside.ready();
    equal(await chairside.at('question').inputValue(), '', 'the question');
  },
};
