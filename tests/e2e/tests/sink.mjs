// Nothing leaves for another server: a sink listens, and every way a page or a worker has of reaching it is tried. Each is seen to reach it from a page
// without our policy first, or the test would prove nothing.

import http from 'node:http';
import { check, equal, QUESTION } from '../bench.mjs';

/** What a page or a worker can ask another server by; each asks for `/hit/NAME` below `sink` and is given up after a while. */
const ways = async (sink) => {
  const to = (name) => `${sink}hit/${name}`;
  const tried = {
    fetch: () => fetch(to('fetch'), { mode: 'no-cors' }),
    xhr: () =>
      new Promise((done) => {
        const request = new XMLHttpRequest();
        request.onloadend = done;
        request.open('GET', to('xhr'));
        request.send();
      }),
    socket: () =>
      new Promise((done) => {
        const socket = new WebSocket(to('socket').replace('http', 'ws'));
        socket.onopen = socket.onerror = done;
      }),
    events: () =>
      new Promise((done) => {
        const source = new EventSource(to('events'));
        source.onopen = source.onerror = () => done(source.close());
      }),
    module: () => import(to('module')),
  };
  if (globalThis.document) {
    const element = (tag, fields) =>
      new Promise((done) => {
        const node = Object.assign(document.createElement(tag), { onload: done, onerror: done }, fields);
        document.head.append(node);
      });
    Object.assign(tried, {
      beacon: () => navigator.sendBeacon(to('beacon'), 'x'),
      image: () => element('img', { src: to('image') }),
      background: () => {
        document.body.style.backgroundImage = `url(${to('background')})`;
      },
      stylesheet: () => element('link', { rel: 'stylesheet', href: to('stylesheet') }),
      font: () => new FontFace('sink', `url(${to('font')})`).load(),
      script: () => element('script', { src: to('script') }),
      frame: () => element('iframe', { src: to('frame') }),
      prefetch: () => element('link', { rel: 'prefetch', href: to('prefetch') }),
      preload: () => element('link', { rel: 'preload', as: 'image', href: to('preload') }),
    });
  }
  const late = () => new Promise((done) => setTimeout(done, 1_000));
  // What a sealed worker has lost throws at once.
  await Promise.all(Object.values(tried).map(async (way) => Promise.race([Promise.resolve().then(way).catch(() => {}), late()])));
  await late();
  return Object.keys(tried).sort();
};

/** A server on another origin that counts who asks; its own page has no policy. */
async function withSink(test) {
  const hits = new Set();
  const hit = ({ url }) => url.startsWith('/hit/') && hits.add(url.slice('/hit/'.length));
  const server = http.createServer((request, response) => {
    hit(request);
    response.setHeader('Content-Type', request.url === '/' ? 'text/html' : 'text/plain');
    response.end(request.url === '/' ? '<!doctype html><title>sink</title><body>' : '');
  });
  server.on('upgrade', (request, socket) => {
    hit(request);
    socket.destroy();
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  try {
    // Another name than the site's: another origin and another site.
    await test(`http://localhost:${server.address().port}/`, () => [...hits].sort(), () => hits.clear());
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** The ways of a worker of a page without a policy. */
const fromWorker = ([sink, source]) =>
  new Promise((done, failed) => {
    const text = `(${source})(${JSON.stringify(sink)}).then((tried) => postMessage(tried))`;
    const worker = new Worker(URL.createObjectURL(new Blob([text], { type: 'text/javascript' })), { type: 'module' });
    worker.onmessage = ({ data }) => done(data);
    worker.onerror = failed;
  });

export const tests = {
  'no way of page or worker reaches another server': async (chairside) => {
    await withSink(async (sink, hits, forget) => {
      const bare = await chairside.context.newPage();
      await bare.goto(sink);
      const ofPage = await bare.evaluate(ways, sink);
      equal(hits(), ofPage, 'ways that reach the sink from a page without a policy');
      forget();
      const ofWorker = await bare.evaluate(fromWorker, [sink, ways.toString()]);
      equal(hits(), ofWorker, 'ways that reach the sink from a worker without a policy');
      await bare.close();
      forget();

      await chairside.open();
      await chairside.ready();
      await chairside.answerTo(QUESTION);
      await chairside.page.waitForFunction(() => document.querySelector('[data-testid="device-short"]')?.textContent.includes('sealed'));
      equal(await chairside.page.evaluate(ways, sink), ofPage, 'ways tried in the page');
      equal(await chairside.worker().evaluate(ways, sink), ofWorker, 'ways tried in the worker');
      equal(hits(), [], 'what reached the sink from page and worker');
      check(ofPage.length >= 14 && ofWorker.length >= 5, 'too few ways were tried');
    });
  },
};
