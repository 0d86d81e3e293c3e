// Times the bare model: `node model.mjs --base-url URL --model FOLDER --build NAME=FOLDER... [--case IN:OUT[:EXPERT]]... [--rounds N]`.
//
// Folders are below the site. A build is `model-wasm/examples/bench.rs` after wasm-bindgen (docs/DEVELOPMENT.md). EXPERT 0 puts every
// token on ET5, 1 on EMamba, 2 leaves it to the gate. Builds take turns within one page. Not a test: it asserts nothing.

import { Bench } from './bench.mjs';

function options(args) {
  const found = { builds: [], cases: [], rounds: 7 };
  for (let i = 0; i < args.length; i += 2) {
    const [name, value] = [args[i], args[i + 1]];
    if (name === '--base-url') found.baseUrl = value;
    else if (name === '--model') found.model = value;
    else if (name === '--build') found.builds.push(value.split('='));
    else if (name === '--case') found.cases.push(value.split(':').map(Number));
    else if (name === '--rounds') found.rounds = Number(value);
    else throw new Error(`unknown option ${name}; known are --base-url, --model, --build, --case and --rounds`);
  }
  if (!found.baseUrl || !found.model || found.builds.length === 0) throw new Error('--base-url, --model and --build are needed');
  if (found.cases.length === 0) found.cases.push([256, 48, 2]);
  return found;
}

const at = (values, share) => values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))];
const spread = (values) => `${at(values, 0.5).toFixed(1)} (${Math.min(...values).toFixed(1)} to ${Math.max(...values).toFixed(1)})`;

const { baseUrl, model, builds, cases, rounds } = options(process.argv.slice(2));
const bench = await Bench.open(baseUrl);
await bench.run(async (chairside) => {
  await chairside.context.route('**/model.html', (route) =>
    route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>model</title><link rel="icon" href="icon.svg">' }),
  );
  await chairside.open('model.html');
  const times = await chairside.page.evaluate(
    async ({ model, builds, cases, rounds }) => {
      const bytes = async (name) => new Uint8Array(await (await fetch(`${model}/${name}`)).arrayBuffer());
      const files = await Promise.all(['manifest.json', 'model.safetensors', 'tokenizer.json'].map(bytes));
      const models = [];
      for (const [, folder] of builds) {
        const { default: init, Bench } = await import(new URL(`${folder}/bench.js`, location.href).href);
        await init();
        models.push(new Bench(...files));
      }
      const out = cases.map(() => builds.map(() => []));
      // The first round is thrown away: the browser is still compiling.
      for (let round = 0; round <= rounds; round += 1) {
        for (const [c, [tokensIn, tokensOut, expert = 2]] of cases.entries()) {
          for (const [m, model] of models.entries()) {
            const found = [...model.run(tokensIn, tokensOut, expert)];
            if (round > 0) out[c][m].push(found);
          }
        }
      }
      return out;
    },
    { model, builds, cases, rounds },
  );
  for (const [c, [tokensIn, tokensOut]] of cases.entries()) {
    console.log(`${model}, ${cases[c].join(':')}, n ${rounds}, median (range)`);
    const total = (runs) => runs.map(([read, first, rest]) => read + first + rest);
    for (const [m, [name]] of builds.entries()) {
      const runs = times[c][m];
      const column = (index) => runs.map((run) => run[index]);
      const rate = runs.map((run) => (1000 * (tokensOut - 1)) / run[2]);
      const gain = runs.map((_, i) => total(times[c][0])[i] / total(runs)[i]);
      console.log(
        `  ${name}: ${tokensIn} tokens read in ${spread(column(0))} ms (longest step ${at(column(3), 0.5).toFixed(1)}), first token ${spread(column(1))} ms later, ` +
          `${at(rate, 0.5).toFixed(0)} tokens/s, all ${spread(total(runs))} ms; ${at(gain, 0.5).toFixed(2)}x ${builds[0][0]}; tokens ${column(4)[0]}`,
      );
    }
  }
});
await bench.close();
