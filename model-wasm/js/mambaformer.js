/**
 * MambaFormer in a page of your own: answers from reviewable sources, computed on this device, without dependencies.
 *
 * ```js
 * import { MambaFormer, sliceBytes } from './engine/mambaformer.js';
 *
 * const assistant = await MambaFormer.load({
 *   onProgress: ({ stage, loadedBytes, totalBytes }) => console.log(stage, loadedBytes, totalBytes),
 * });
 * for await (const event of assistant.ask('What are the treatments for dry mouth?')) {
 *   if (event.type === 'emergency') warn(event.alarms);
 *   if (event.type === 'evidence') show(event.passages, event.doses);
 *   if (event.type === 'text') append(event.text, event.citation);
 *   if (event.type === 'done') finish(event.answer.state);
 * }
 * assistant.dispose();
 * ```
 *
 * Leaving the loop early, or aborting the `signal`, stops the answer. Failures are `MambaFormerError`s whose `kind` is
 * for programs and whose `message` is for people. Types are in `mambaformer.d.ts`.
 *
 * The page needs these in its content security policy: `script-src 'self' 'wasm-unsafe-eval'; worker-src 'self';
 * connect-src 'self'`. The worker takes its own policy from the headers its script is served with.
 */

/** A failure with a `kind` for programs and a `message` for people. */
export class MambaFormerError extends Error {
  constructor(kind, message) {
    super(message);
    this.name = 'MambaFormerError';
    this.kind = kind;
  }
}

/**
 * The part of `text` that a citation points at. Citations count bytes of UTF-8, JavaScript strings count UTF-16 units;
 * `text.slice(start, end)` is wrong as soon as a letter is not ASCII. A span that does not fit the text is a RangeError.
 */
export function sliceBytes(text, start, end) {
  const bytes = new TextEncoder().encode(text);
  const isBoundary = (at) => at === bytes.length || (bytes[at] & 0xc0) !== 0x80;
  const fits = Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start <= end && end <= bytes.length;
  if (!fits || !isBoundary(start) || !isBoundary(end)) {
    throw new RangeError(`the span ${start}..${end} does not fit a text of ${bytes.length} bytes`);
  }
  return new TextDecoder().decode(bytes.subarray(start, end));
}

/** How long a worker may take to overwrite its memory. */
const FORGET_MS = 500;
const DIED = 'The assistant stopped working on this page. Load it again.';

/** Throws where a string in `value` could not be sent: UTF-8 has no halves of characters. */
function refuseHalves(value) {
  JSON.stringify(value, (_, part) => {
    if (typeof part === 'string' && /\p{Cs}/u.test(part)) {
      throw new MambaFormerError('illFormedText', 'The text contains half of a character (a lone surrogate); delete it and try again.');
    }
    return part;
  });
}

export class MambaFormer {
  #worker;
  /** Hears of the answer being written. */
  #listener = null;
  /** Hears of loading, until it has ended. */
  #loading = null;
  /** Requests with one reply, by id. */
  #pending = new Map();
  #failure = null;
  #count = 0;
  /** The answer being written: its id, and a promise of its end. */
  #running = null;

  #onEngine = null;

  /** Which engine computes and why; `null` until that is decided, some time after loading. */
  engine = null;

  /** What was loaded: model, version, parameters, bytes, backend, formats; `null` while it is loading. */
  info = null;

  /** The knowledge base: version, hash, counts, attributions; `null` until it is there. */
  library = null;

  /** What the calculators can be asked for: products, drugs; `null` until the knowledge base is there. */
  calculators = null;

  /** Use `MambaFormer.load`. */
  constructor(workerUrl) {
    const name = `mambaformer-${Date.now()}-${Math.random()}`;
    this.#worker = new Worker(workerUrl, { type: 'module', name });
    let watched = false;
    this.#worker.onmessage = ({ data }) => {
      if (!watched) {
        watched = true;
        // Granted when the worker is gone, even if the browser killed it without an event.
        globalThis.navigator.locks?.request(name, () => this.#die(DIED)).catch(() => {});
      }
      const event = JSON.parse(data);
      if (event.type === 'error' && event.kind === 'workerDied') this.#die(event.message);
      else if (event.type === 'engine') {
        this.engine = event;
        this.#onEngine?.(event);
      }
      else if (event.type === 'calculators') this.calculators = event;
      else if (event.id === undefined) this.#loading?.(event);
      else if (this.#pending.has(event.id)) this.#settle(event);
      else this.#listener?.(event);
    };
    this.#worker.onmessageerror = () => this.#die(DIED);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#die(DIED);
    };
  }

  /**
   * Starts a worker and loads the model into it.
   *
   * `baseUrl` is the folder that holds `assets/`, by default the one above this script's. `onProgress` hears of bytes. `onLibrary`
   * hears of the knowledge base and gets the assistant: what is asked from then on is looked up (`author: 'search'`), not yet answered.
   * `signal` ends the loading. `engine` is 'fastest', 'cpu' or 'gpu'; `onEngine` hears which one serves.
   * `remembered` is the `verdict` of an earlier visit's report.
   */
  static async load({ baseUrl, engine = 'fastest', onEngine, onLibrary, onProgress, remembered, signal, workerUrl } = {}) {
    signal?.throwIfAborted();
    const base = new URL(baseUrl ?? '..', baseUrl === undefined ? import.meta.url : globalThis.location?.href);
    const at = (path) => new URL(path, base).href;
    const assistant = new MambaFormer(workerUrl ?? new URL('./worker.js', import.meta.url));
    assistant.#onEngine = onEngine ?? null;
    try {
      assistant.info = await new Promise((resolve, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
        assistant.#loading = (event) => {
          if (event.type === 'progress') onProgress?.(event);
          else if (event.type === 'library') {
            assistant.library = event;
            onLibrary?.(event, assistant);
          }
          else if (event.type === 'ready') resolve(event);
          else if (event.type === 'error') reject(new MambaFormerError(event.kind, event.message));
        };
        assistant.#send({
          type: 'load',
          assetsUrl: at('assets/index.json'),
          engine,
          remembered,
        });
      });
    } catch (error) {
      assistant.dispose();
      throw error;
    }
    assistant.#loading = null;
    return assistant;
  }

  /**
   * Answers a question: yields `emergency` where there are red flags, `evidence`, `routing`, `text`… and at last `done`. Throws a
   * `MambaFormerError` if the question cannot be answered; while another answer runs its kind is `busy`.
   */
  async *ask(question, { follows, note, signal, ...options } = {}) {
    for (const text of [question, follows ?? '', note ?? '']) {
      if (typeof text !== 'string') throw new MambaFormerError('illFormedText', 'Question, note and the question before are strings.');
    }
    refuseHalves([question, follows, note]);
    if (this.#running && !this.#running.stopping) {
      throw new MambaFormerError('busy', 'Another question is being answered; stop it or wait for its end.');
    }
    await this.#running?.ended;
    if (this.#failure) throw this.#failure;
    signal?.throwIfAborted();

    const id = String(++this.#count);
    const events = [];
    let wake = () => {};
    let end;
    const running = { stopping: false, ended: new Promise((resolve) => (end = resolve)) };
    this.#running = running;
    this.#listener = (event) => {
      if (event.id !== id && event.kind !== 'workerDied') return;
      if (event.type === 'done' || event.type === 'error') {
        this.#running = null;
        this.#listener = null;
        end();
      }
      events.push(event);
      wake();
    };
    const stop = () => {
      if (this.#running !== running) return;
      running.stopping = true;
      this.#send({ type: 'stop', id });
    };
    signal?.addEventListener('abort', stop, { once: true });
    try {
      this.#send({ type: 'ask', id, question, ...(note ? { note } : {}), ...(follows ? { follows } : {}), options });
      for (;;) {
        while (events.length === 0) await new Promise((resolve) => (wake = resolve));
        const event = events.shift();
        if (event.type === 'error') throw new MambaFormerError(event.kind, event.message);
        yield event;
        if (event.type === 'done') return;
      }
    } finally {
      signal?.removeEventListener('abort', stop);
      stop();
    }
  }

  /**
   * A maximum of local anaesthetic (`kind: 'maximum'`) or a child's dose (`kind: 'dose'`), from the records: `{ sheets, leftOut }`. Entries are
   * text as somebody typed it. What does not fit is a `MambaFormerError` that says what to enter.
   */
  async calculate(calculation) {
    const { sheets, leftOut } = await this.#reply('calculate', { calculation });
    return { sheets, leftOut };
  }

  /** The subjects of the knowledge base with the titles of their entries. */
  async browse() {
    return (await this.#reply('browse', {})).contents.subjects;
  }

  /** One entry, whole: `passage` as a title, a citation or a piece of evidence names it. */
  async open(passage) {
    return (await this.#reply('open', { passage })).entry;
  }

  /**
   * Up to eight texts with `[NAME 1]` and the like in the place of identifiers: `{ texts, placeholders, notice }`. It assists and does not
   * guarantee: show the texts and the notice to a person before they go anywhere.
   */
  async redact(texts) {
    const { texts: clean, placeholders, notice } = await this.#reply('redact', { texts });
    return { texts: clean, placeholders, notice };
  }

  /** Has the worker overwrite its memory, and ends it. A running answer ends with an error. */
  dispose() {
    if (this.#failure) return;
    this.#worker.postMessage(JSON.stringify({ type: 'forget' }));
    this.#fail('The assistant was disposed of.');
    setTimeout(() => this.#worker.terminate(), FORGET_MS);
  }

  /** Sends a request that has one reply, as soon as the knowledge base is there. */
  async #reply(type, fields) {
    refuseHalves(fields);
    return new Promise((resolve, reject) => {
      const id = String(++this.#count);
      this.#send({ type, id, ...fields });
      this.#pending.set(id, { resolve, reject });
    });
  }

  #settle(event) {
    const { resolve, reject } = this.#pending.get(event.id);
    this.#pending.delete(event.id);
    if (event.type === 'error') reject(new MambaFormerError(event.kind, event.message));
    else resolve(event);
  }

  #send(request) {
    if (this.#failure) throw this.#failure;
    this.#worker.postMessage(JSON.stringify(request));
  }

  #die(message) {
    if (this.#failure) return;
    this.#worker.terminate();
    this.#fail(message);
  }

  #fail(message) {
    this.#failure = new MambaFormerError('workerDied', message);
    const event = { type: 'error', kind: 'workerDied', message };
    this.#listener?.(event);
    this.#loading?.(event);
    for (const id of [...this.#pending.keys()]) this.#settle({ ...event, id });
  }
}
