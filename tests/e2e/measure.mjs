// Times answers in the browser: `node measure.mjs --base-url URL [--variant NAME=FOLDER]... [--rounds N]`.
//
// Each variant is a folder below the site that holds `assets/` and `engine/`, with what its worker is to be asked for
// (`NAME=FOLDER?simd=baseline`); without one the site's own is measured. All
// variants answer the same questions in turn within one page, so that what disturbs the machine disturbs them alike. From the second
// on, each is also compared with the first, question by question. Not a test: it asserts nothing.

import { Bench } from './bench.mjs';

const QUESTIONS = [
  'What is dry mouth?',
  'What are the symptoms of gum disease?',
  'How is an abscessed tooth treated?',
  'What causes burning mouth syndrome?',
  'How can tooth decay be prevented?',
  'What are the treatments for oral cancer?',
  'Who is at risk of periodontitis?',
  'Is cleft palate inherited?',
];

function options(args) {
  const found = { variants: [], rounds: 2 };
  for (let i = 0; i < args.length; i += 2) {
    const [name, value] = [args[i], args[i + 1]];
    if (name === '--base-url') found.baseUrl = value;
    else if (name === '--variant') found.variants.push(value.split(/=(.*)/s).slice(0, 2));
    else if (name === '--rounds') found.rounds = Number(value);
    else throw new Error(`unknown option ${name}; known are --base-url, --variant and --rounds`);
  }
  if (!found.baseUrl) throw new Error('--base-url is missing; give the address of a served page');
  if (found.variants.length === 0) found.variants.push(['shipped', '']);
  return found;
}

const at = (values, share) => values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))];
const spread = (values, digits = 0) =>
  values.length === 0 ? '–' : `${at(values, 0.5).toFixed(digits)} (p95 ${at(values, 0.95).toFixed(digits)}, n ${values.length})`;

/** Median, over the questions, of what the first variant takes divided by what this one takes. */
function gain(first, rows, key) {
  const ratios = rows.flatMap((row, i) => (row.tokensOut > 0 && first[i].tokensOut > 0 ? [first[i][key] / row[key]] : []));
  return `${at(ratios, 0.5).toFixed(2)}x (${at(ratios, 0.05).toFixed(2)} to ${at(ratios, 0.95).toFixed(2)})`;
}

const { baseUrl, variants, rounds } = options(process.argv.slice(2));
const bench = await Bench.open(baseUrl);
await bench.run(async (chairside) => {
  await chairside.context.route('**/measure.html', (route) =>
    route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>measure</title><link rel="icon" href="icon.svg">' }),
  );
  await chairside.open('measure.html');
  const results = await chairside.page.evaluate(
    async ({ variants, questions, rounds }) => {
      const out = {};
      const assistants = {};
      for (const [name, folder] of variants) {
        const begin = performance.now();
        const [path, search = ''] = folder.split('?');
        const baseUrl = new URL(path === '' ? '.' : `${path}/`, location.href).href;
        const { MambaFormer } = await import(new URL('engine/mambaformer.js', baseUrl).href);
        assistants[name] = await MambaFormer.load({ baseUrl, workerUrl: new URL(`engine/worker.js?${search}`, baseUrl) });
        out[name] = { loadMs: performance.now() - begin, info: assistants[name].info, grounded: [], free: [] };
      }
      const ask = async (name, question, options) => {
        for await (const event of assistants[name].ask(question, options)) {
          if (event.type === 'done') return event;
        }
      };
      for (let round = 0; round < rounds; round += 1) {
        for (const question of questions) {
          for (const [name] of variants) {
            for (const [mode, options] of [['grounded', {}], ['free', { mode: 'free', maxTokens: 48 }]]) {
              const { answer, heapBytes } = await ask(name, question, options);
              out[name][mode].push({ ...answer.timings_ms, answer: answer.answer, tokensIn: answer.routing.tokens, tokensOut: answer.tokens_out, heapBytes });
            }
          }
        }
      }
      return out;
    },
    { variants, questions: QUESTIONS, rounds },
  );
  const [first] = Object.values(results);
  for (const [name, { info, loadMs, grounded, free }] of Object.entries(results)) {
    const written = (rows) => rows.filter((row) => row.tokensOut > 0);
    const get = (rows, key) => written(rows).map((row) => row[key]);
    const rate = (rows) => written(rows).filter((row) => row.tokensOut > 1).map((row) => (1000 * (row.tokensOut - 1)) / (row.total - row.first_token));
    console.log(`${name}: ${info.model} ${info.version}, ${(info.bytes / 1e6).toFixed(1)} MB (${info.formats.join(' + ')}), loaded in ${loadMs.toFixed(0)} ms`);
    console.log(`  prompt tokens ${spread(get(grounded, 'tokensIn'))}`);
    console.log(`  encode ms ${spread(get(grounded, 'encode'))}`);
    console.log(`  grounded: first token ms ${spread(get(grounded, 'first_token'))}, total ms ${spread(get(grounded, 'total'))}, tokens ${spread(get(grounded, 'tokensOut'))}`);
    console.log(`  free, at most 48 tokens: total ms ${spread(get(free, 'total'))}, tokens ${spread(get(free, 'tokensOut'))}, tokens/s ${spread(rate(free), 1)}`);
    if (grounded !== first.grounded) {
      const same = grounded.filter((row, i) => row.answer === first.grounded[i].answer).length;
      console.log(`  against ${variants[0][0]}: encode ${gain(first.grounded, grounded, 'encode')}, first token ${gain(first.grounded, grounded, 'first_token')}, grounded ${gain(first.grounded, grounded, 'total')}, free ${gain(first.free, free, 'total')}; ${same} of ${grounded.length} grounded answers the same`);
    }
    console.log(`  wasm heap MB ${(Math.max(...grounded.map((row) => row.heapBytes ?? 0)) / 1e6).toFixed(0)}`);
  }
});
await bench.close();
