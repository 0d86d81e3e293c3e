// The script of the Web Worker: starts the engine and passes messages between it and the page.
//
// It also sees to it that a death is noticed. The worker holds a Web Lock under its own name as long as it lives; the
// page queues for the same lock and gets it when the worker is gone, however it went. What fails with an exception is
// told in words first.

/**
 * A module that uses one instruction of relaxed SIMD: where it is valid the engine with integer dot products runs, which
 * gives the same answers in less time. Only one engine is fetched. `worker.js?simd=baseline` takes the other one everywhere.
 */
const RELAXED_SIMD = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, // the magic number and version
  1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, // one function that returns a v128
  10, 19, 1, 17, 0, // its body: three vectors made of 1
  65, 1, 253, 15, 65, 1, 253, 15, 65, 1, 253, 17,
  253, 147, 2, 11, // i32x4.relaxed_dot_i8x16_i7x16_add_s
]);

function engineModule() {
  const baseline = new URL(self.location.href).searchParams.get('simd') === 'baseline';
  return baseline || !WebAssembly.validate(RELAXED_SIMD) ? './mambaformer_wasm.js' : './mambaformer_wasm_relaxed.js';
}

/** Messages that came before the engine was there. */
const waiting = [];
let engine = null;
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

async function start() {
  // Before any message goes out: the page takes the first one as the sign that the lock is held.
  await holdLock();
  try {
    const { default: init, WorkerEngine } = await import(engineModule());
    await init();
    engine = new WorkerEngine();
  } catch {
    die('the engine could not be loaded; a current browser with WebAssembly SIMD is needed');
    return;
  }
  for (const message of waiting.splice(0)) receive(message);
}

start();
