// Times the whole assistant in Chromium on questions of DentalQA: `cargo xtask bench assistant` builds the page, serves it and calls
//
//   node assistant.mjs --base-url URL [--variant NAME=FOLDER]... [--questions N] [--notes N] [--output FILE]
//
// Each variant is a folder below the site that holds `assets/` and `engine/` of a build, with what its worker is to be asked for
// (`NAME=FOLDER?simd=baseline`); without one the site's own is measured. Variants answer the same questions in turn within one page. From the second on, each is
// also compared with the first, question by question. Not a test: it asserts nothing.

import { readdir, readFile, writeFile } from 'node:fs/promises';
import { at, inPage, options, tail } from './page.mjs';

const DATA = new URL('../../data/', import.meta.url);
const chosen = { variants: [] };
const counts = { plain: 100, noted: 30 };
let baseUrl;
let output;
options({
  '--base-url': (value) => (baseUrl = value),
  '--variant': (value) => chosen.variants.push(value.split(/=(.*)/s).slice(0, 2)),
  '--questions': (value) => (counts.plain = Number(value)),
  '--notes': (value) => (counts.noted = Number(value)),
  '--output': (value) => (output = value),
});
if (chosen.variants.length === 0) chosen.variants.push(['shipped', '']);

async function rows(folder) {
  const names = (await readdir(new URL(folder, DATA))).filter((name) => name.endsWith('.jsonl')).sort();
  const texts = await Promise.all(names.map((name) => readFile(new URL(folder + name, DATA), 'utf8')));
  return texts.flatMap((text) => text.trim().split('\n').map(JSON.parse));
}

/** Test questions spread over all subjects, those with a note last. */
async function questions() {
  const notes = new Map((await rows('notes/')).map(({ id, text }) => [id, text]));
  const test = (await rows('dentalqa/')).filter(({ split }) => split === 'test');
  const spread = (all, count) => Array.from({ length: Math.min(count, all.length) }, (_, i) => all[Math.floor((i * all.length) / Math.min(count, all.length))]);
  return [...spread(test.filter(({ note }) => !note), counts.plain), ...spread(test.filter(({ note }) => note), counts.noted)]
    .map(({ question, note }) => [question, notes.get(note)]);
}

/** In the page: of each variant what it is and, for each question, milliseconds from asking to its events. */
async function answer({ variants, questions }) {
  const out = [];
  for (const [name, folder] of variants) {
    const began = performance.now();
    const [path, search = ''] = folder.split('?');
    const base = new URL(path === '' ? '.' : `${path}/`, location.href).href;
    const { MambaFormer } = await import(new URL('engine/mambaformer.js', base).href);
    const assistant = await MambaFormer.load({ baseUrl: base, workerUrl: new URL(`engine/worker.js?${search}`, base) });
    out.push({ name, assistant, loaded: performance.now() - began, rows: [] });
  }
  for (const [index, [question, note]] of questions.entries()) {
    for (const { assistant, rows } of out) {
      const asked = performance.now();
      const row = { noted: Boolean(note) };
      for await (const event of assistant.ask(question, note ? { note } : {})) {
        const since = performance.now() - asked;
        if (event.type === 'evidence') row.evidence ??= since;
        else if (event.type === 'text') row.first ??= since;
        else if (event.type === 'done') Object.assign(row, { all: since, heap: event.heapBytes, text: event.answer.answer, tokens: event.answer.tokens_out, prompt: event.answer.routing.tokens });
      }
      // The first questions warm up: the browser still compiles.
      if (index >= 3) rows.push(row);
    }
  }
  return out.map(({ name, assistant, loaded, rows }) => ({ name, info: assistant.info, loaded, rows }));
}

const { machine, found } = await inPage(baseUrl, answer, { ...chosen, questions: await questions() });
console.log(`\n${machine}; milliseconds from asking, as the page sees the events`);
for (const { name, info, loaded, rows } of found) {
  console.log(`\n${name}: ${info.model} ${info.version}, ${(info.bytes / 1e6).toFixed(1)} MB, loaded in ${loaded.toFixed(0)} ms`);
  for (const [kind, noted] of [['without a note', false], ['with a note', true]]) {
    const own = rows.filter((row) => row.noted === noted);
    const of = (key) => own.map((row) => row[key]).filter((value) => value !== undefined);
    console.log(`  ${own.length} questions ${kind}: evidence ${tail(of('evidence'))}; first sentence ${tail(of('first'))}; all ${tail(of('all'))}; prompt tokens ${tail(of('prompt'))}, answer tokens ${tail(of('tokens'))}`);
  }
  const heaps = rows.map(({ heap }) => (heap ?? 0) / 1e6);
  console.log(`  wasm memory ${heaps[0]?.toFixed(1)} MB after the first, ${heaps[Math.min(49, heaps.length - 1)]?.toFixed(1)} after the 50th, ${heaps.at(-1)?.toFixed(1)} after the last`);
  if (name !== found[0].name) {
    const first = found[0].rows;
    const gain = (key) => at(rows.flatMap((row, i) => (row[key] && first[i][key] ? [first[i][key] / row[key]] : [])), 0.5).toFixed(2);
    console.log(`  against ${found[0].name}: evidence ${gain('evidence')}x, first sentence ${gain('first')}x, all ${gain('all')}x; ${rows.filter((row, i) => row.text === first[i].text).length} of ${rows.length} answers the same`);
  }
}
if (output) await writeFile(output, JSON.stringify({ machine, found }, null, 1));
