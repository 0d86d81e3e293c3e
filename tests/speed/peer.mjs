// Makes the folder of the peer: `node peer.mjs FOLDER`. T5 in int8 and f32, ONNX Runtime Web, and the script that runs them.

import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { decoder, encoder, SHAPE } from './t5.mjs';

const RUNTIME = ['ort.wasm.min.mjs', 'ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm'];

const [folder] = process.argv.slice(2);
if (!folder) throw new Error('usage: node peer.mjs FOLDER');
const here = (name) => fileURLToPath(new URL(name, import.meta.url));
await mkdir(folder, { recursive: true });
await copyFile(here('peer.js'), path.join(folder, 'peer.js'));
for (const name of RUNTIME) await copyFile(here(`node_modules/onnxruntime-web/dist/${name}`), path.join(folder, name));
await writeFile(path.join(folder, 'shape.json'), JSON.stringify({ SHAPE }));
for (const bits of [8, 32]) {
  await writeFile(path.join(folder, `encoder_${bits}.onnx`), encoder(bits));
  await writeFile(path.join(folder, `decoder_${bits}.onnx`), decoder(bits));
}
