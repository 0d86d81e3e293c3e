/** Kinds of failure, for programs. */
export type ErrorKind =
  | 'badRequest' | 'emptyQuestion' | 'questionTooLong' | 'noteTooLong' | 'nulCharacter' | 'illFormedText'
  | 'badOption' | 'promptTooLong' | 'notReady' | 'busy' | 'network' | 'manifest' | 'integrity' | 'weights'
  | 'tokenizer' | 'knowledge' | 'model' | 'workerDied';

/** A failure with a `kind` for programs and a `message` for people. */
export class MambaFormerError extends Error {
  readonly kind: ErrorKind;
}

/** A span of a passage in bytes of its UTF-8 text; slice with {@link sliceBytes}. */
export interface Citation {
  /** `Evidence.passage`, or `"note"`. */
  passage: string;
  /** First byte. */
  start: number;
  /** One past the last byte. */
  end: number;
}

/** A passage the answer may draw on. */
export interface Evidence {
  passage: string;
  title: string;
  text: string;
  source: string;
  /** Comparable within one question only. */
  score: number;
}

export type AnswerState =
  | 'supported' | 'partly_covered' | 'not_covered' | 'emergency_first' | 'stopped' | 'failed';

/** One answer, as `cargo xtask eval` writes it. */
export interface AnswerRecord {
  id: string;
  state: AnswerState;
  answer: string;
  sentences: { text: string; citations: Citation[] }[];
  evidence: Evidence[];
  emergency: { urgency: string; rule: string; text: string } | null;
  routing: { tokens: number; et5: number; emamba: number };
  timings_ms: {
    triage: number | null;
    retrieval: number | null;
    encode: number | null;
    first_token: number | null;
    total: number | null;
  };
  tokens_out: number;
}

export interface RoutingToken {
  text: string;
  expert: 'et5' | 'emamba';
  /** The gate's probability of that expert. */
  p: number;
  part: 'question' | 'note' | 'title' | 'text' | 'mark';
}

/** What an answer yields, in this order; `text` any number of times. */
export type AnswerEvent =
  | { type: 'evidence'; id: string; passages: Evidence[] }
  | { type: 'routing'; id: string; tokens: RoutingToken[]; et5: number; emamba: number }
  | { type: 'text'; id: string; text: string; sentence: number; citation?: Citation }
  | { type: 'done'; id: string; answer: AnswerRecord; heapBytes?: number };

export interface Progress {
  type: 'progress';
  stage: 'manifest' | 'knowledge' | 'retriever' | 'weights' | 'build';
  loadedBytes: number;
  /** Of all files, as far as known; never below `loadedBytes`. */
  totalBytes: number;
}

export interface ModelInfo {
  model: string;
  version: string;
  parameters: number;
  bytes: number;
  backend: string;
  formats: string[];
}

/** Which engine computes, and why. */
export interface EngineReport {
  type: 'engine';
  engine: 'cpu' | 'gpu';
  /** In a sentence. */
  reason: string;
  /** The graphics processor, where there is one. */
  adapter?: {
    name: string;
    software: boolean;
    selfTests: number;
    /** Of a prompt and of one decoder call. */
    dispatches: [number, number];
    /** Of weights and of activations. */
    bytes: [number, number];
    pipelines: number;
  };
  /** Milliseconds of a trial answer. */
  cpuMs?: number;
  gpuMs?: number;
  /** Kernels that compute wrongly on this device, and what serves instead. */
  quarantined: { kernel: string; reason: string; instead?: string }[];
  /** What the trial found, to be kept and given to the next `load`. */
  verdict?: EngineVerdict;
}

/** Plain data about the device, nothing of any question. */
export interface EngineVerdict {
  adapter: string;
  /** SHA-256 of the weights. */
  model: string;
  /** Of the engine. */
  version: string;
  engine: 'cpu' | 'gpu';
  cpuMs: number;
  gpuMs: number;
}

export interface LoadOptions {
  /** The engine that is to compute; by default whichever is the faster. */
  engine?: 'fastest' | 'cpu' | 'gpu';
  /** `EngineReport.verdict` of an earlier visit: spares the trial where it still holds. */
  remembered?: EngineVerdict;
  /** Hears which engine serves: once it is decided, and whenever a graphics processor was lost. */
  onEngine?: (report: EngineReport) => void;
  /** The folder that holds `assets/`; by default the one above this script's. */
  baseUrl?: string | URL;
  onProgress?: (progress: Progress) => void;
  /** Ends the loading. */
  signal?: AbortSignal;
  /** The worker's script; by default `worker.js` beside this one. */
  workerUrl?: string | URL;
}

export interface AskOptions {
  /** A clinical note to answer with, up to 20,000 characters. */
  note?: string;
  /** Stops the answer; its `done` has the state `stopped`. */
  signal?: AbortSignal;
  /** `grounded` (default): every word comes from a source. */
  mode?: 'grounded' | 'free';
  /** Added to the gate's EMamba logit. */
  gateBias?: number;
  maxTokens?: number;
  /** Free mode only. */
  seed?: number;
  /** Free mode only. */
  temperature?: number;
  /** Free mode only. */
  topK?: number;
  /** Free mode only. */
  stopStrings?: string[];
}

/** A loaded assistant: one worker, one answer at a time. */
export class MambaFormer {
  private constructor();
  static load(options?: LoadOptions): Promise<MambaFormer>;
  readonly info: ModelInfo;
  /** `null` until it is decided, some time after loading. */
  readonly engine: EngineReport | null;
  /** Up to 2,000 characters. Leaving the loop early stops the answer. */
  ask(question: string, options?: AskOptions): AsyncGenerator<AnswerEvent, void, void>;
  /** Ends the worker and frees its memory. */
  dispose(): void;
}

/** The part of `text` a citation points at; a span that does not fit is a RangeError. */
export function sliceBytes(text: string, start: number, end: number): string;
