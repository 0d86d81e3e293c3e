// What the page may do, and that nothing leaves it.

import { check, equal, QUESTION } from '../bench.mjs';

const ESSENTIAL = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
];

export const tests = {
  'the browser has a WebGPU adapter': async (chairside) => {
    await chairside.open();
    // The browser's GPU process may still be starting on a busy machine and then has no adapter yet; each try is a fresh page.
    let adapter = false;
    for (let tries = 0; tries < 20 && !adapter; tries += 1) {
      adapter = await chairside.page.evaluate(async () => !!(await navigator.gpu?.requestAdapter()));
      if (!adapter) {
        await chairside.page.waitForTimeout(1000);
        await chairside.page.reload();
      }
    }
    check(adapter, 'navigator.gpu.requestAdapter() gave nothing: later tests would be green on nothing');
  },

  'the page loads, becomes ready and complains of nothing': async (chairside) => {
    const told = [];
    await chairside.context.exposeFunction('statusSeen', (text) => told.push(text));
    await chairside.context.addInitScript(() => {
      new MutationObserver(() => {
        const status = document.querySelector('[data-testid="model-status"]');
        if (status) window.statusSeen(status.textContent);
      }).observe(document, { subtree: true, childList: true, characterData: true });
    });
    await chairside.open();
    await chairside.ready();
    check(told.some((text) => /\d+\.\d of \d+\.\d MB/.test(text)), `no progress in bytes was shown: ${told.slice(0, 5)}`);
    equal(chairside.complaints, [], 'complaints');
    equal(await chairside.page.evaluate(() => window.violations), [], 'policy violations');
  },

  'the policy stands in the page and in every header': async (chairside) => {
    await chairside.open();
    const meta = await chairside.page.locator('meta[http-equiv="Content-Security-Policy"]').getAttribute('content');
    for (const path of ['', 'engine/worker.js', 'engine/mambaformer_wasm_relaxed_bg.wasm', 'assets/grounding.json', 'no-such-file']) {
      const response = await chairside.page.request.get(new URL(path, chairside.baseUrl).href);
      const header = response.headers()['content-security-policy'] ?? '';
      for (const directive of [...ESSENTIAL, "frame-ancestors 'none'"]) {
        check(header.includes(directive), `${path || '/'} is served without ${directive}`);
      }
    }
    for (const directive of ESSENTIAL) check(meta.includes(directive), `the page's own policy lacks ${directive}`);
  },

  'the policy refuses inline code, and page and worker cannot reach other servers': async (chairside) => {
    // Held while it loads: once everything is there, page and worker can reach nothing at all (offline.mjs).
    let go;
    const held = new Promise((resolve) => (go = resolve));
    await chairside.context.route('**/assets/model/model.safetensors', async (route) => {
      await held;
      await route.continue();
    });
    await chairside.open();
    await chairside.searchable();
    const ran = await chairside.page.evaluate(() => {
      const script = document.createElement('script');
      script.textContent = 'window.inlineRan = true';
      document.body.append(script);
      return window.inlineRan === true;
    });
    check(!ran, 'an inline script ran');
    const outward = () =>
      new Promise((resolve) => {
        globalThis.addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective));
        fetch('http://127.0.0.1:9/').then(() => resolve('reached'), () => setTimeout(() => resolve('no violation'), 500));
      });
    equal(await chairside.page.evaluate(outward), 'connect-src', 'a request of the page to another server');
    equal(await chairside.worker().evaluate(outward), 'connect-src', 'a request of the worker to another server');
    go();
  },

  'no request leaves page or worker after ready': async (chairside) => {
    await chairside.open();
    // The test proves that it would see one.
    await chairside.page.evaluate(() => fetch('icon.svg').then((answer) => answer.text()));
    check(chairside.requests.some((url) => url.endsWith('/icon.svg')), 'a request made on purpose was not seen');
    await chairside.ready();
    const before = chairside.requests.length;
    for (const question of [QUESTION, 'What causes gum disease?', 'zzxxqq vvkkjj']) {
      await chairside.ask(question);
      await chairside.page.waitForFunction(
        (question) =>
          document.querySelector('.answer__question')?.textContent === question &&
          document.querySelector('[data-testid="answer-state"][data-state]'),
        question,
        { timeout: 60_000 },
      );
    }
    equal(chairside.requests.slice(before), [], 'requests after ready');
  },

  'nothing typed reaches the address, the storage or the console': async (chairside) => {
    const all = [];
    await chairside.open();
    chairside.page.on('console', (message) => all.push(message.text()));
    await chairside.ready();
    const canary = 'Zanzibarcanary';
    await chairside.ask(`${canary} dry mouth?`);
    await chairside.answered();
    const kept = await chairside.page.evaluate(async () => ({
      url: location.href,
      history: history.length,
      local: JSON.stringify(localStorage),
      session: JSON.stringify(sessionStorage),
      cookies: document.cookie,
      caches: await Promise.all((await caches.keys()).map(async (name) => (await (await caches.open(name)).keys()).map((key) => key.url))),
      databases: (await indexedDB.databases()).map((database) => database.name),
    }));
    check(!JSON.stringify(kept).includes(canary), `found in ${JSON.stringify(kept)}`);
    check(!all.join('\n').includes(canary), 'found in the console');
    equal(kept.databases, [], 'databases');
  },
};
