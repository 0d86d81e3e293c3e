// How much a visitor downloads. Bytes only: times are measured by `cargo xtask bench`, never by a test.

import { gzipSync } from 'node:zlib';
import { check } from '../bench.mjs';

/** Bytes, gzipped where servers gzip. */
const SHELL = 700_000;
const MODEL = 40_000_000;

const gzipped = (body) => gzipSync(body, { level: 9 }).length;

export const tests = {
  'the page and the files of the assistant keep to their budgets': async (chairside) => {
    const bodies = new Map();
    const fetched = [];
    chairside.context.on('response', (response) => {
      if (response.status() === 200) fetched.push(response.body().then((body) => bodies.set(new URL(response.url()).pathname, body), () => {}));
    });
    await chairside.open();
    await chairside.ready();
    await Promise.all(fetched);
    const base = chairside.baseUrl.pathname;
    const own = [...bodies].map(([path, body]) => [path.slice(base.length), body]);
    const shell = own.filter(([path]) => !/^(engine|assets)\//.test(path));
    check(shell.some(([path]) => path.endsWith('_bg.wasm')) && shell.some(([path]) => path.endsWith('.css')), `the page was not seen: ${shell.map(([path]) => path)}`);
    const shellBytes = shell.reduce((sum, [, body]) => sum + gzipped(body), 0);
    const index = await (await fetch(new URL('assets/index.json', chairside.baseUrl))).json();
    const modelBytes = index.files.reduce((sum, file) => sum + file.bytes, 0);
    const engine = own.filter(([path]) => path.startsWith('engine/')).reduce((sum, [, body]) => sum + gzipped(body), 0);
    console.log(`        page ${Math.round(shellBytes / 1000)} kB, engine ${Math.round(engine / 1000)} kB gzipped; files of the assistant ${(modelBytes / 1e6).toFixed(1)} MB`);
    check(shellBytes <= SHELL, `the page has ${shellBytes} bytes gzipped, ${SHELL} at most: ${shell.map(([path, body]) => `${path} ${gzipped(body)}`).join(', ')}`);
    check(modelBytes > 0 && modelBytes <= MODEL, `the assistant's files have ${modelBytes} bytes, ${MODEL} at most`);
  },
};
