// The script of the Web Worker: starts the engine and passes messages between it and the page.
//
// It also sees to it that a death is noticed. The worker holds a Web Lock under its own name as long as it lives; the
// page queues for the same lock and gets it when the worker is gone, however it went. What fails with an exception is
// told in words first.

import { engineName } from './simd.js';

/** `worker.js?simd=baseline` takes the engine that every browser runs. */
const baseline = new URL(self.location.href).searchParams.get('simd') === 'baseline';

/** Messages that came before the engine was there. */
const waiting = [];
let engine = null;
let memory = null;
let dead = false;

function die(what) {
  if (dead) return;
  dead = true;
  // Not the exception's own text: it may quote what the user typed.
  self.postMessage(JSON.stringify({ type: 'error', kind: 'workerDied', message: `${what}; start it again` }));
  self.close();
}

function receive(message) {
  if (dead) return;
  try {
    engine.receive(message);
  } catch {
    die('the engine gave up');
  }
}

self.addEventListener('message', ({ data }) => (engine ? receive(data) : waiting.push(data)));
// A trap inside an asynchronous task of the engine ends up here, not in the try above.
for (const kind of ['error', 'unhandledrejection']) {
  self.addEventListener(kind, (event) => {
    event.preventDefault();
    die('the engine gave up');
  });
}

/** Resolves when the lock is held (or the browser has no locks). */
function holdLock() {
  const locks = self.navigator.locks;
  if (!locks || !self.name) return Promise.resolve();
  return new Promise((held) => {
    locks
      .request(self.name, () => {
        held();
        return new Promise(() => {});
      })
      .catch(held);
  });
}

/**
 * Takes away every way out of this worker. The engine calls it when all files are there: nothing is fetched from then on. What is left, a script of
 * this site, the service worker answers from what is kept.
 */
self.seal = () => {
  const ways = ['fetch', 'XMLHttpRequest', 'WebSocket', 'WebSocketStream', 'EventSource', 'WebTransport', 'RTCPeerConnection', 'Worker', 'BroadcastChannel', 'caches', 'indexedDB'];
  for (const way of ways) Object.defineProperty(self, way, { value: undefined, writable: false, configurable: false });
};

/** Overwrites everything the engine holds, when it has returned, and ends the worker: what the user typed stays nowhere until the browser gives the memory to others. */
self.forget = () => {
  dead = true;
  setTimeout(() => {
    new Uint8Array(memory.buffer).fill(0);
    self.close();
  });
};

/** One worker of this site downloads at a time. */
self.downloads = {
  end: () => {},
  /** Whether this one may; it is the one until `end()` is called or it is gone. Without Web Locks each may. */
  begin() {
    const locks = self.navigator.locks;
    if (!locks) return Promise.resolve(true);
    return new Promise((answer) => {
      const hold = (lock) => {
        answer(lock !== null);
        return lock && new Promise((end) => (this.end = end));
      };
      locks.request('mambaformer-download', { ifAvailable: true }, hold).catch(() => answer(true));
    });
  },
};

async function start() {
  // Before any message goes out: the page takes the first one as the sign that the lock is held.
  await holdLock();
  try {
    const { default: init, WorkerEngine } = await import(`./${engineName(baseline)}.js`);
    ({ memory } = await init());
    engine = new WorkerEngine();
  } catch {
    die('the engine could not be loaded; a current browser with WebAssembly SIMD is needed');
    return;
  }
  for (const message of waiting.splice(0)) receive(message);
}

start();
