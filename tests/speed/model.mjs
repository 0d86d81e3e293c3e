// Times the bare model in Chromium, builds and runtimes taking turns within one page. `cargo xtask bench chromium` makes what it needs and calls it:
//
//   node model.mjs --base-url URL --build NAME=FOLDER... --contender NAME=MODEL[:EXPERT[:grounded]]... [--peer FOLDER] [--in N] [--out N] [--rounds N] [--output FILE]
//
// Folders are below the site. A build is `model-wasm/examples/bench.rs` after wasm-bindgen, a model a model folder. EXPERT 0 puts every token on ET5, 1 on EMamba, 2
// leaves it to the gate; `grounded` answers with whole sentences of the prompt instead of generating. PEER holds ONNX Runtime Web and its models
// (peer.mjs). Not a test: it asserts nothing.

import { writeFile } from 'node:fs/promises';
import { at, inPage, options, range } from './page.mjs';

const chosen = { builds: [], contenders: [], tokensIn: 256, tokensOut: 48, rounds: 9 };
let baseUrl;
let output;
const named = (value) => value.split(/=(.*)/s).slice(0, 2);
options({
  '--base-url': (value) => (baseUrl = value),
  '--build': (value) => chosen.builds.push(named(value)),
  '--contender': (value) => chosen.contenders.push([named(value)[0], ...named(value)[1].split(':')]),
  '--peer': (value) => (chosen.peer = value),
  '--in': (value) => (chosen.tokensIn = Number(value)),
  '--out': (value) => (chosen.tokensOut = Number(value)),
  '--rounds': (value) => (chosen.rounds = Number(value)),
  '--output': (value) => (output = value),
});

/** In the page: `[name, [prompt ms, first token ms, all other tokens ms, …]...]` of every contender. */
async function race({ builds, contenders, peer, tokensIn, tokensOut, rounds }) {
  const below = (path) => new URL(path, location.href).href;
  const bytes = async (path) => new Uint8Array(await (await fetch(below(path))).arrayBuffer());
  const runners = [];
  for (const [build, folder] of builds) {
    const { default: init, Bench } = await import(below(`${folder}/bench.js`));
    await init();
    const models = new Map();
    for (const [name, model, expert = '2', grounded] of contenders) {
      if (!models.has(model)) {
        const files = ['manifest.json', 'model.safetensors', 'tokenizer.json'].map((file) => bytes(`${model}/${file}`));
        models.set(model, new Bench(...(await Promise.all(files))));
      }
      const own = models.get(model);
      const run = () => (grounded ? own.answer(tokensIn, tokensOut, Number(expert)) : own.run(tokensIn, tokensOut, Number(expert)));
      runners.push([`${name}, ${build}`, async () => [...run()]]);
    }
  }
  if (peer) {
    const { prepare } = await import(below(`${peer}/peer.js`));
    for (const bits of [8, 32]) {
      runners.push([`ONNX Runtime Web, T5, ${bits === 8 ? 'int8' : 'f32'}`, await prepare(below(`${peer}/`), bits, tokensIn, tokensOut)]);
    }
  }
  const times = runners.map(([name]) => [name, []]);
  // The first round is thrown away: the browser is still compiling.
  for (let round = 0; round <= rounds; round += 1) {
    for (const [index, [, run]] of runners.entries()) {
      const found = await run();
      if (round > 0) times[index][1].push(found);
    }
  }
  return times;
}

const { machine, found } = await inPage(baseUrl, race, chosen);
const { tokensIn, tokensOut, rounds } = chosen;
console.log(`\n${machine}, one thread; ${tokensIn} tokens in, ${tokensOut} out, n ${rounds}, median (range)\n`);
const prompt = ([read]) => read;
const decoding = ([, first, rest]) => first + rest;
const all = (run) => prompt(run) + decoding(run);
const reference = found.find(([name]) => name.startsWith('ONNX'))?.[1];
const rows = found.map(([name, runs]) => {
  const rate = runs.map((run) => (1000 * tokensOut) / decoding(run));
  const faster = (part) => range(runs.map((run, i) => part(reference[i]) / part(run)), 2);
  return {
    name,
    prompt_ms: range(runs.map(prompt)),
    tokens_per_s: range(rate),
    total_ms: range(runs.map(all)),
    times_faster: reference && { prompt: faster(prompt), decoding: faster(decoding), all: faster(all) },
  };
});
for (const { name, prompt_ms, tokens_per_s, total_ms, times_faster } of rows) {
  console.log(`${name}\n    prompt ${prompt_ms} ms, ${tokens_per_s} tokens/s, all ${total_ms} ms`);
  if (times_faster) console.log(`    times as fast as ONNX Runtime Web in int8: prompt ${times_faster.prompt}, decoding ${times_faster.decoding}, all ${times_faster.all}`);
}
if (output) await writeFile(output, JSON.stringify({ machine, ...chosen, rows, times: found }, null, 1));
