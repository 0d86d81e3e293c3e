// In the page: T5 in ONNX Runtime Web, one thread, from its prompt to so many tokens, the likeliest each time.

import * as ort from './ort.wasm.min.mjs';

/** Loads the models and returns what runs them once: `[prompt ms, first token ms, all other tokens ms]`. */
export async function prepare(folder, bits, tokensIn, tokensOut) {
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = folder;
  const { SHAPE } = await (await fetch(`${folder}shape.json`)).json();
  const open = (name) => ort.InferenceSession.create(`${folder}${name}_${bits}.onnx`, { executionProviders: ['wasm'], graphOptimizationLevel: 'all' });
  const [encoder, decoder] = [await open('encoder'), await open('decoder')];
  const zeros = (dims) => new ort.Tensor('float32', new Float32Array(dims.reduce((a, b) => a * b, 1)), dims);
  const ids = BigInt64Array.from({ length: tokensIn }, (_, at) => BigInt(((at * 7919 + 31) % (SHAPE.vocabulary - 8)) + 8));
  const bias = zeros([1, SHAPE.heads, tokensIn, tokensIn]);
  const layers = Array.from({ length: SHAPE.layers }, (_, layer) => layer);
  return async () => {
    const started = performance.now();
    const cross = await encoder.run({ ids: new ort.Tensor('int64', ids, [1, tokensIn]), bias });
    const read = performance.now();
    let first = read;
    let own = Object.fromEntries(layers.flatMap((l) => [[`k${l}`, zeros([1, SHAPE.heads, SHAPE.perHead, 0])], [`v${l}`, zeros([1, SHAPE.heads, 0, SHAPE.perHead])]]));
    let token = 0;
    for (let at = 0; at < tokensOut; at += 1) {
      const id = new ort.Tensor('int64', BigInt64Array.of(BigInt(token)), [1, 1]);
      const out = await decoder.run({ id, bias: zeros([1, SHAPE.heads, 1, at + 1]), ...own, ...cross });
      const logits = out.logits.data;
      token = 0;
      for (let i = 1; i < logits.length; i += 1) if (logits[i] > logits[token]) token = i;
      own = Object.fromEntries(layers.flatMap((l) => [[`k${l}`, out[`new_k${l}`]], [`v${l}`, out[`new_v${l}`]]]));
      if (at === 0) first = performance.now();
    }
    return [read - started, first - read, performance.now() - first];
  };
}
