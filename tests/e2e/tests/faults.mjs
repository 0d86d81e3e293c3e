// Damaged files, missing files and dying workers: a clear message, the question kept, one button that helps.

import { check, equal, QUESTION } from '../bench.mjs';

const INDEX = '**/assets/index.json';
const MANIFEST = '**/assets/model/manifest.json';
const WEIGHTS = '**/assets/model/model.safetensors';
const TOKENIZER = '**/assets/model/tokenizer.json';
const KNOWLEDGE = '**/assets/knowledge.json';
const TRIAGE = '**/assets/triage.json';
const VECTORS = '**/assets/retriever/vectors.bin';
const RETRIEVER = '**/assets/retriever/model.safetensors';

/** Answers requests for `pattern` with the server's own answer, its body changed by `change`. */
const changed = (pattern, change) => async (context) => {
  await context.route(pattern, async (route) => {
    const response = await route.fetch();
    const headers = response.headers();
    delete headers['content-length'];
    delete headers['content-encoding'];
    await route.fulfill({ status: response.status(), headers, body: change(await response.body()) });
  });
};

const status = (pattern, code) => (context) => context.route(pattern, (route) => route.fulfill({ status: code, body: 'no' }));
const unreachable = (pattern) => (context) => context.route(pattern, (route) => route.abort('connectionrefused'));
const flipped = (at) => (body) => {
  const bytes = Buffer.from(body);
  bytes[Math.floor((bytes.length - 1) * at)] ^= 1;
  return bytes;
};
const edited = (edit) => (body) => {
  const content = JSON.parse(body.toString());
  edit(content);
  return JSON.stringify(content);
};

/** `[what, how, kinds that may be told, words the message must have]` */
const LOADING = [
  ['one bit of the weights is altered', changed(WEIGHTS, flipped(0.6)), ['integrity'], /does not match its hash/],
  ['the last byte of the weights is altered', changed(WEIGHTS, flipped(1)), ['integrity'], /does not match its hash/],
  ['one bit of the tokenizer is altered', changed(TOKENIZER, flipped(0.5)), ['integrity'], /does not match its hash/],
  ['the weights are cut short', changed(WEIGHTS, (body) => body.subarray(0, body.length >> 1)), ['integrity'], /bytes/],
  ['the weights are too long', changed(WEIGHTS, (body) => Buffer.concat([body, Buffer.alloc(9)])), ['integrity'], /bytes/],
  ['the weights are empty', changed(WEIGHTS, () => Buffer.alloc(0)), ['integrity'], /bytes/],
  ['the index is a web page', changed(INDEX, () => '<!doctype html><p>not found'), ['manifest'], /index\.json/],
  ['the index is of another format', changed(INDEX, edited((index) => (index.format = 99))), ['manifest'], /99/],
  ['the index lacks a file', changed(INDEX, edited((index) => (index.files = index.files.filter(({ path }) => path !== 'triage.json')))), ['manifest'], /triage\.json/],
  ['the index is missing', status(INDEX, 404), ['network'], /404/],
  ['the manifest is a web page', changed(MANIFEST, () => '<!doctype html><p>not found'), ['integrity'], /manifest\.json/],
  ['the manifest is of another model', changed(MANIFEST, edited((m) => (m.config.d_model += 64))), ['integrity'], /manifest\.json/],
  ['the manifest is missing', status(MANIFEST, 404), ['network'], /404/],
  ['the server fails', status(WEIGHTS, 503), ['network'], /503/],
  ['the server is gone', unreachable(TOKENIZER), ['network'], /connection/],
  ['the knowledge base is altered', changed(KNOWLEDGE, (body) => Buffer.from(body.toString().replace('mouth', 'mauth'))), ['integrity'], /hash/],
  ['the knowledge base is no JSON', changed(KNOWLEDGE, () => '{"format":1,'), ['integrity'], /bytes/],
  ['one bit of the red-flag rules is altered', changed(TRIAGE, flipped(0.5)), ['integrity'], /hash/],
  ['one bit of the vectors is altered', changed(VECTORS, flipped(0.5)), ['integrity'], /hash/],
  ['one bit of the search model is altered', changed(RETRIEVER, flipped(0.5)), ['integrity'], /hash/],
];

/** Start again, ask, be answered. */
async function recovers(chairside) {
  await chairside.at('start-again').click();
  await chairside.ready();
  equal(await chairside.at('error').count(), 0, 'messages after starting again');
  equal(await chairside.at('question').inputValue(), QUESTION, 'the box');
  await chairside.at('ask').click();
  await chairside.page.waitForFunction(
    () => ['supported', 'partly_covered', 'not_covered'].includes(document.querySelector('[data-testid="answer-state"]')?.dataset.state),
    undefined,
    { timeout: 60_000 },
  );
}

/** A worker that `how` keeps from starting: said in words, and one click out of it. */
const neverStarts = (how) => async (chairside) => {
  await how(chairside.context);
  await chairside.open();
  await chairside.at('question').fill(QUESTION);
  equal((await chairside.error()).kind, 'workerDied', 'kind');
  await chairside.context.unrouteAll();
  await recovers(chairside);
};

export const tests = {
  ...Object.fromEntries(
    LOADING.map(([what, how, kinds, words]) => [
      `said in words and survived: ${what}`,
      async (chairside) => {
        await how(chairside.context);
        await chairside.open();
        await chairside.at('question').fill(QUESTION);
        const error = await chairside.error();
        check(kinds.includes(error.kind), `kind ${error.kind}: ${error.text}`);
        check(words.test(error.text), `message: ${error.text}`);
        check(await chairside.at('ask').isDisabled(), 'Ask is offered without a model');
        equal(await chairside.at('question').inputValue(), QUESTION, 'the box');
        if (what.startsWith('one bit of the weights')) await chairside.screenshot('damaged-weights');
        await chairside.context.unrouteAll({ behavior: 'ignoreErrors' });
        await recovers(chairside);
      },
    ]),
  ),

  'the worker script is missing': neverStarts(status('**/engine/worker.js', 404)),

  'the engine module is damaged': neverStarts(
    changed('**/engine/mambaformer_wasm*_bg.wasm', (body) => body.subarray(0, body.length - 100)),
  ),

  'the worker is killed while idle': async (chairside) => {
    await chairside.open();
    await chairside.ready();
    await chairside.at('question').fill(QUESTION);
    await chairside.worker().evaluate(() => self.close());
    const error = await chairside.error();
    equal(error.kind, 'workerDied', 'kind');
    check(/Nothing you typed is lost/.test(error.text), error.text);
    await chairside.phase('failed');
    await chairside.screenshot('worker-died');
    await recovers(chairside);
  },

  'the worker is killed in the middle of an answer, which stays on screen': async (chairside) => {
    // The worker closes itself after its second message to the page about an answer, without a word.
    await changed('**/engine/worker.js', (body) => `${body}
      const post = self.postMessage.bind(self);
      let pieces = 0;
      self.postMessage = (text) => {
        post(text);
        if (text.includes('"type":"text"')) { pieces += 1; if (pieces === 1) self.close(); }
      };`)(chairside.context);
    await chairside.open();
    await chairside.ready();
    await chairside.ask(QUESTION);
    equal((await chairside.error()).kind, 'workerDied', 'kind');
    equal(await chairside.answered(), 'failed', 'state');
    check((await chairside.page.locator('.sentence').count()) >= 1, 'the words are gone');
    await chairside.context.unrouteAll();
    await recovers(chairside);
  },

  'the worker throws': async (chairside) => {
    await changed('**/engine/worker.js', (body) => `${body}
      self.addEventListener('message', ({ data }) => {
        if (data.includes('"type":"ask"')) setTimeout(() => { throw new Error('broken on purpose'); });
      });`)(chairside.context);
    await chairside.open();
    await chairside.ready();
    await chairside.ask(QUESTION);
    equal((await chairside.error()).kind, 'workerDied', 'kind');
    await chairside.context.unrouteAll();
    await recovers(chairside);
  },

  'the worker talks nonsense': async (chairside) => {
    await changed('**/engine/worker.js', (body) => `${body}
      self.addEventListener('message', ({ data }) => {
        if (data.includes('"type":"ask"')) self.postMessage('{"type":"surprise"}');
      });`)(chairside.context);
    await chairside.open();
    await chairside.ready();
    await chairside.ask(QUESTION);
    equal((await chairside.error()).kind, 'workerDied', 'kind');
    await chairside.context.unrouteAll();
    await recovers(chairside);
  },
};
