// The JavaScript API in a page that is not ours.

import { check, equal, LOAD_MS, QUESTION } from '../bench.mjs';

/** Opens an empty page of the same site, with the same policy, and loads the API there as `window.api`. */
async function ownPage(chairside) {
  await chairside.context.route('**/own-page.html', async (route) => {
    const index = await route.fetch({ url: new URL('index.html', chairside.baseUrl).href });
    const policy = index.headers()['content-security-policy'];
    await route.fulfill({
      headers: { 'content-type': 'text/html', 'content-security-policy': policy },
      body: '<!doctype html><title>own</title><link rel="icon" href="icon.svg"><script type="module" src="own-page.js"></script>',
    });
  });
  await chairside.context.route('**/own-page.js', (route) =>
    route.fulfill({
      contentType: 'text/javascript',
      body: `import * as api from './engine/mambaformer.js'; window.api = api;`,
    }),
  );
  await chairside.open('own-page.html');
  await chairside.page.waitForFunction(() => window.api, undefined, { timeout: LOAD_MS });
  chairside.page.setDefaultTimeout(LOAD_MS);
}

export const tests = {
  'another page loads the model, asks, stops and disposes': async (chairside) => {
    await ownPage(chairside);
    const found = await chairside.page.evaluate(async (question) => {
      const { MambaFormer, sliceBytes } = window.api;
      const progress = [];
      let looking;
      const lookUp = async (assistant) => {
        const seen = { types: [], before: assistant.info };
        for await (const event of assistant.ask(question)) {
          seen.types.push(event.type);
          if (event.type === 'done') seen.author = event.answer.author;
        }
        return seen;
      };
      const assistant = await MambaFormer.load({
        onProgress: (event) => progress.push(event),
        onLibrary: (library, assistant) => (looking = lookUp(assistant)),
      });
      const out = { info: assistant.info, last: progress.at(-1), steady: true, types: [], spans: [], text: '' };
      out.library = assistant.library;
      out.lookedUp = await looking;
      for (let i = 1; i < progress.length; i += 1) {
        if (progress[i].loadedBytes < progress[i - 1].loadedBytes) out.steady = false;
      }
      const passages = new Map();
      for await (const event of assistant.ask(question)) {
        if (out.types.at(-1) !== event.type) out.types.push(event.type);
        if (event.type === 'evidence') for (const p of event.passages) passages.set(p.passage, p.text);
        if (event.type === 'text') out.text += event.text;
        if (event.type === 'done') out.done = event;
      }
      for (const sentence of out.done.answer.sentences) {
        for (const { passage, start, end } of sentence.citations) {
          out.spans.push([sentence.text, sliceBytes(passages.get(passage), start, end)]);
        }
      }
      assistant.dispose();
      try {
        for await (const event of assistant.ask(question)) out.afterDispose = event.type;
      } catch (error) {
        out.afterDispose = `${error.name} ${error.kind}`;
      }
      return out;
    }, QUESTION);
    check(found.info.model && found.info.parameters > 0 && found.info.bytes > 0, `info ${JSON.stringify(found.info)}`);
    check(found.library.passages > 0 && found.library.records > 0, `library ${JSON.stringify(found.library)}`);
    equal(found.lookedUp, { types: ['evidence', 'done'], before: null, author: 'search' }, 'asked while loading');
    equal(found.last.stage, 'build', 'last stage');
    equal(found.last.loadedBytes, found.last.totalBytes, 'bytes at the end');
    check(found.steady, 'progress went backwards');
    equal(found.types.slice(0, 2), ['evidence', 'routing'], 'first events');
    equal(found.types.at(-1), 'done', 'last event');
    check(found.types.includes('text'), 'no text');
    equal(found.text.trim(), found.done.answer.answer, 'pieces together and the record');
    check(found.spans.length > 0, 'no citation');
    for (const [sentence, span] of found.spans) {
      check(sentence.includes(span.trim()) || span.includes(sentence), `"${span}" is not in "${sentence}"`);
    }
    equal(found.afterDispose, 'MambaFormerError workerDied', 'asking after dispose');
    equal(chairside.complaints, [], 'complaints');
  },

  'a second question at once is refused as busy; abort and leaving the loop stop': async (chairside) => {
    await ownPage(chairside);
    const found = await chairside.page.evaluate(async (question) => {
      const assistant = await window.api.MambaFormer.load();
      const out = {};
      const kind = async (run) => {
        try {
          for await (const event of run()) if (event.type === 'done') return event.answer.state;
        } catch (error) {
          return error.kind;
        }
      };
      const first = assistant.ask(question);
      await first.next();
      out.second = await kind(() => assistant.ask(question));
      await first.return();
      out.afterLeaving = await kind(() => assistant.ask(question));
      const abort = new AbortController();
      out.aborted = await kind(async function* () {
        for await (const event of assistant.ask(question, { signal: abort.signal })) {
          if (event.type === 'evidence') abort.abort();
          yield event;
        }
      });
      out.illFormed = await kind(() => assistant.ask('\ud800'));
      out.empty = await kind(() => assistant.ask(''));
      out.option = await kind(() => assistant.ask(question, { maxTokens: 0 }));
      out.unknownOption = await kind(() => assistant.ask(question, { maxTokens: 5, colour: 'red' }));
      out.note = await kind(() => assistant.ask(question, { note: 'n'.repeat(20_001) }));
      out.atLast = await kind(() => assistant.ask(question));
      assistant.dispose();
      return out;
    }, QUESTION);
    equal(found.second, 'busy', 'second question');
    check(['supported', 'partly_covered'].includes(found.afterLeaving), `after leaving: ${found.afterLeaving}`);
    equal(found.aborted, 'stopped', 'aborted');
    equal(found.illFormed, 'illFormedText', 'lone surrogate');
    equal(found.empty, 'emptyQuestion', 'empty');
    equal(found.option, 'badOption', 'maxTokens 0');
    equal(found.unknownOption, 'badRequest', 'an unknown option');
    equal(found.note, 'noteTooLong', 'a long note');
    check(['supported', 'partly_covered'].includes(found.atLast), `at last: ${found.atLast}`);
  },

  'another page calculates, looks things up and takes identifiers out': async (chairside) => {
    await ownPage(chairside);
    const found = await chairside.page.evaluate(async () => {
      const tried = (promise) => promise.then((value) => value, (error) => `${error.kind}: ${error.message}`);
      let early;
      const assistant = await window.api.MambaFormer.load({
        onLibrary: (library, assistant) => (early = tried(assistant.redact(['seen by Mr John Smith']))),
      });
      const { products, drugs } = assistant.calculators;
      const maximum = {
        kind: 'maximum',
        product: products.find((product) => /lidocaine 2 % .*100[, ]?000/i.test(product)),
        group: 'adult',
        weight: { text: '150', unit: 'lb' },
        age: { text: '', unit: 'years' },
        heart: false,
      };
      const subjects = await assistant.browse();
      const title = subjects[0].entries[0];
      const out = {
        products,
        drugs,
        early: await early,
        maximum: await tried(assistant.calculate(maximum)),
        mixed: await tried(assistant.calculate({ ...maximum, weight: { text: '150 lb', unit: 'kg' } })),
        noRequest: await tried(assistant.calculate({ kind: 'maximum' })),
        subjects: subjects.map((subject) => subject.entries.length),
        title,
        entry: await tried(assistant.open(title.passage)),
        nothing: await tried(assistant.open('no such entry')),
        half: await tried(assistant.redact(['\ud800'])),
      };
      // At once, each with its own reply.
      const [one, two] = await Promise.all([assistant.redact(['Dr Anna Meyer']), assistant.open(subjects[1].entries[0].passage)]);
      out.together = [one.texts, two.evidence.passage === subjects[1].entries[0].passage];
      const pending = tried(assistant.browse());
      assistant.dispose();
      out.disposed = [await pending, await tried(assistant.browse())];
      return out;
    });
    check(found.products.length > 5 && found.drugs.length > 3, `${found.products} ${found.drugs}`);
    check(/\[NAME 1\]/.test(found.early.texts?.[0]) && found.early.placeholders.length === 1 && found.early.notice, JSON.stringify(found.early));
    check(found.maximum.sheets?.length === 1 && /cartridges/.test(JSON.stringify(found.maximum.sheets[0])), JSON.stringify(found.maximum));
    check(/^\w+: .*lb/.test(found.mixed), `150 lb beside kg: ${JSON.stringify(found.mixed)}`);
    check(found.noRequest.startsWith('badRequest: '), `an incomplete request: ${JSON.stringify(found.noRequest)}`);
    check(found.subjects.length > 10 && found.subjects.every((count) => count > 0), `${found.subjects}`);
    equal([found.entry.evidence?.passage, found.entry.evidence?.title], [found.title.passage, found.title.title], 'the entry');
    check(typeof found.nothing === 'string', 'an entry that is not there was opened');
    check(found.half.startsWith('illFormedText: '), found.half);
    equal(found.together, [['Dr [NAME 1]'], true], 'two requests at once');
    check(found.disposed.every((said) => typeof said === 'string' && said.startsWith('workerDied: ')), JSON.stringify(found.disposed));
    equal(chairside.complaints, [], 'complaints');
  },

  'sliceBytes counts bytes and refuses what does not fit': async (chairside) => {
    await ownPage(chairside);
    const found = await chairside.page.evaluate(() => {
      const { sliceBytes } = window.api;
      const tried = (...args) => {
        try {
          return sliceBytes(...args);
        } catch (error) {
          return error.name;
        }
      };
      return [
        tried('Größe 5 mm', 0, 7),
        tried('🦷 ok', 5, 7),
        tried('Größe', 0, 3),
        tried('Größe', 0, 99),
        tried('Größe', 3, 1),
        tried('Größe', 0.5, 1),
        tried('', 0, 0),
      ];
    });
    equal(found, ['Größe', 'ok', 'RangeError', 'RangeError', 'RangeError', 'RangeError', ''], 'slices');
  },

  'memory is flat and figures are told': async (chairside) => {
    await ownPage(chairside);
    const found = await chairside.page.evaluate(async (question) => {
      const started = performance.now();
      const assistant = await window.api.MambaFormer.load();
      const ready = performance.now() - started;
      const runs = [];
      for (let i = 0; i < 12; i += 1) {
        for await (const event of assistant.ask(question)) {
          if (event.type === 'done') runs.push({ heap: event.heapBytes, tokens: event.answer.tokens_out, ...event.answer.timings_ms });
        }
      }
      assistant.dispose();
      return { ready, runs };
    }, QUESTION);
    const last = found.runs.at(-1);
    console.log(
      `        ready after ${found.ready.toFixed(0)} ms; answer of ${last.tokens} tokens: encode ${last.encode?.toFixed(0)} ms, ` +
        `first token ${last.first_token?.toFixed(0)} ms, total ${last.total?.toFixed(0)} ms; heap ${(last.heap / 1e6).toFixed(1)} MB`,
    );
    equal(found.runs.at(-1).heap, found.runs[3].heap, 'heap after 12 questions and after 4');
  },

  'one engine is fetched, by what the browser understands, and both give the same answers': async (chairside) => {
    const engines = [];
    chairside.context.on('request', (request) => {
      const engine = /engine\/(mambaformer_wasm\w*)_bg\.wasm/.exec(request.url());
      if (engine) engines.push(engine[1]);
    });
    await ownPage(chairside);
    const found = await chairside.page.evaluate(async (questions) => {
      const out = {};
      for (const name of ['chosen', 'baseline']) {
        const script = name === 'baseline' ? 'engine/worker.js?simd=baseline' : 'engine/worker.js';
        const assistant = await window.api.MambaFormer.load({ workerUrl: new URL(script, location.href) });
        out[name] = [];
        for (const [question, mode] of questions) {
          let text = '';
          for await (const event of assistant.ask(question, { mode, maxTokens: 32 })) {
            if (event.type === 'routing') text += event.tokens.map(({ p }) => p).join(' ');
            if (event.type === 'text') text += event.text;
          }
          out[name].push(text);
        }
        assistant.dispose();
      }
      return out;
    }, [[QUESTION, 'grounded'], [QUESTION, 'free'], ['What causes gum disease?', 'free']]);
    // Chromium has relaxed SIMD since version 114.
    equal(engines, ['mambaformer_wasm_relaxed', 'mambaformer_wasm'], 'engines fetched');
    check(found.chosen.every((text) => text.length > 100), 'the answers are too short to compare');
    equal(found.chosen, found.baseline, 'answers of the two engines');
  },
};
