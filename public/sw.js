// The service worker: the page and its engine from this device, so that everything works with the server stopped, and nothing else.
//
// A version is one cache, filled and checked whole before it serves (release.js, written by the build, lists files and hashes). Another version
// waits until the reader takes it. To the network go requests for files of this list alone, without a query: what leaves the page
// through here can carry nothing.

import { isOtherEngine } from './engine/simd.js';
import { assets, files, version } from './release.js';

const PREFIX = 'mambaformer-page-';
const CACHE = PREFIX + version;
const SCOPE = self.registration.scope;
const hashes = new Map(files);
const fetched = new Set(assets);

/** Bytes as lower-case hexadecimal. */
const hex = (bytes) => Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');

/** Fetches a file of this version; throws where it is another one. */
async function checked(path) {
  const response = await fetch(new URL(path, SCOPE), { cache: 'no-cache', redirect: 'error' });
  if (!response.ok) throw new Error(`the server answered ${response.status} for ${path}`);
  const body = await response.arrayBuffer();
  if (hex(await crypto.subtle.digest('SHA-256', body)) !== hashes.get(path)) throw new Error(`${path} is not of version ${version}`);
  return new Response(body, { headers: response.headers });
}

async function fill() {
  const cache = await caches.open(CACHE);
  const wanted = [...hashes.keys()].filter((path) => !isOtherEngine(path));
  await Promise.all(
    wanted.map(async (path) => {
      const url = new URL(path, SCOPE).href;
      if (!(await cache.match(url))) await cache.put(url, await checked(path));
    }),
  );
}

async function tidy() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith(PREFIX) && name !== CACHE).map((name) => caches.delete(name)));
  await self.clients.claim();
}

const refusal = (status, why) => new Response(`${why}\n`, { status, headers: { 'content-type': 'text/plain; charset=utf-8' } });

async function answer(request) {
  const url = new URL(request.url);
  const inside = url.href.startsWith(SCOPE) ? url.pathname.slice(new URL(SCOPE).pathname.length) : null;
  if (inside === null || request.method !== 'GET') return refusal(403, 'nothing of the kind leaves this page');
  const path = inside === '' ? 'index.html' : inside;
  if (hashes.has(path)) {
    const cache = await caches.open(CACHE);
    const address = new URL(path, SCOPE).href;
    const kept = await cache.match(address);
    if (kept) return kept;
    // The other engine, where a test or an embedding page asks for it.
    const response = await checked(path);
    await cache.put(address, response.clone());
    return response;
  }
  // The engine checks these itself, and keeps them.
  if (fetched.has(path) && url.search === '') return fetch(request);
  return refusal(404, 'no file of this version');
}

self.addEventListener('install', (event) => event.waitUntil(fill()));
self.addEventListener('activate', (event) => event.waitUntil(tidy()));
self.addEventListener('fetch', (event) => {
  // What goes to other servers the page's policy refuses; it is not answered here.
  if (new URL(event.request.url).origin !== self.location.origin) return;
  event.respondWith(answer(event.request).catch(() => Response.error()));
});
self.addEventListener('message', ({ data }) => {
  if (data === 'take') self.skipWaiting();
});
