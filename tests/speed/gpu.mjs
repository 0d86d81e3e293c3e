// Measures the graphics processor in Chromium: each kernel against a copy and a plain GEMM of the same run, then the whole model. `cargo xtask bench chromium
// --gpu` makes what it needs and calls it:
//
//   node gpu.mjs --base-url URL --build FOLDER --model FOLDER [--in N] [--rounds N] [--losses N] [--output FILE]
//
// Folders are below the site. The build is `model-wasm/examples/bench.rs` after wasm-bindgen. Not a test: it asserts nothing.

import { writeFile } from 'node:fs/promises';
import { inPage, options, tail } from './page.mjs';

const chosen = { tokensIn: 256, rounds: 1, losses: 0 };
let baseUrl;
let output;
options({
  '--base-url': (value) => (baseUrl = value),
  '--build': (value) => (chosen.build = value),
  '--model': (value) => (chosen.model = value),
  '--in': (value) => (chosen.tokensIn = Number(value)),
  '--rounds': (value) => (chosen.rounds = Number(value)),
  '--losses': (value) => (chosen.losses = Number(value)),
  '--output': (value) => (output = value),
});

/** In the page: the adapter, and the kernels and the model in plain form and in every form on offer; or losses of the device in every stage. */
async function measure({ build, model, tokensIn, rounds, losses }) {
  const below = (path) => new URL(path, location.href).href;
  const bytes = async (path) => new Uint8Array(await (await fetch(below(path))).arrayBuffer());
  const { default: init, GpuBench } = await import(below(`${build}/bench.js`));
  await init();
  const files = ['manifest.json', 'model.safetensors', 'tokenizer.json'].map((file) => bytes(`${model}/${file}`));
  const bench = await GpuBench.open(...(await Promise.all(files)));
  const [adapter, ...forms] = bench.adapter();
  if (losses) return { adapter, forms, kernels: [], models: [], losses: JSON.parse(await bench.losses(losses)) };
  const kernels = JSON.parse(await bench.kernels(rounds));
  const models = [];
  for (const form of [null, ...forms]) {
    const [loaded, runs, free] = JSON.parse(await bench.model(tokensIn, rounds, form ? [form] : []));
    models.push({ form, loaded, runs, free });
  }
  return { adapter, forms, kernels, models };
}

const { machine, found } = await inPage(baseUrl, measure, chosen);
console.log(`\n${machine}; ${found.adapter}; offers ${found.forms.join(', ') || 'no optional form'}\n`);
for (const { stage, reopened_ms, answered_ms, same } of found.losses ?? []) {
  console.log(`${stage}: serves again after ${reopened_ms.toFixed(0)} ms, answered after ${answered_ms.toFixed(0)} ms, ${same ? 'the same answer' : 'ANOTHER ANSWER'}`);
}
if (found.losses) console.log(`${found.losses.length} losses, serves again: ${tail(found.losses.map(({ reopened_ms }) => reopened_ms))} ms`);
else console.log(`${'kernel'.padEnd(54)} ${'us'.padStart(10)} ${'GB/s'.padStart(8)} of copy ${'GFLOP/s'.padStart(9)} of GEMM`);
for (const { kernel, us, gb_per_s, of_copy, gflop_per_s, of_gemm } of found.kernels) {
  const percent = (share) => `${(100 * share).toFixed(0)} %`.padStart(7);
  console.log(`${kernel.padEnd(54)} ${us.toFixed(1).padStart(10)} ${gb_per_s.toFixed(2).padStart(8)} ${percent(of_copy)} ${gflop_per_s.toFixed(2).padStart(9)} ${percent(of_gemm)}`);
}
for (const { form, loaded, runs, free } of found.models) {
  const [prompt, call] = loaded.dispatches;
  console.log(`\nproducts in ${form ?? 'f32'}: ${prompt} dispatches a prompt, ${call} a decoder call, ${(loaded.bytes_per_call / 1e6).toFixed(2)} MB of weights read by a call; loaded in ${loaded.load_ms.toFixed(0)} ms`);
  for (const { tokens, routing, prompt_ms, answer_ms, calls, submits, bytes_per_token } of runs) {
    console.log(`  ${tokens} tokens ${routing}: prompt ${prompt_ms.toFixed(0)} ms, answer of 48 tokens ${answer_ms.toFixed(0)} ms (${((48e3) / answer_ms).toFixed(0)} tokens/s), ${calls} calls in ${submits} submits and readbacks, ${(bytes_per_token / 1e6).toFixed(2)} MB a token`);
  }
  if (free) console.log(`  free: ${free.tokens} tokens in ${free.ms.toFixed(0)} ms, ${free.calls} calls in ${free.submits} submits and readbacks`);
}
if (output) await writeFile(output, JSON.stringify({ machine, ...chosen, ...found }, null, 1));
