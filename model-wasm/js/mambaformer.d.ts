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
  /** What it rests on and whose words it is. */
  source: string;
  /** 0 to 1; orders the sources of one question, and says nothing of the answer. */
  score: number;
  /** `note`: the facts of the patient that came with the question, never advice. */
  kind: 'passage' | 'record' | 'note';
}

/** A red flag in the question or the note. */
export interface Alarm {
  /** `note`: the danger is only asked about. */
  kind: 'alarm' | 'note';
  urgency: 'immediate' | 'same_day' | 'two_weeks';
  rule: string;
  name: string;
  /** What to do first; fixed text with the emergency number. */
  text: string;
  /** The guideline it follows. */
  source: string;
  /** The words it rests on, as they were typed. */
  words: string[];
}

/** A dose or limit from a record; what the record leaves open is an empty string. */
export interface DoseRow {
  /** Where the line stands. */
  citation: Citation;
  line: string;
  columns: {
    drug: string;
    indication: string;
    population: string;
    route: string;
    dose: string;
    frequency: string;
    duration: string;
    maximum: string;
    region: string;
  };
  remarks: string[];
  /** What question or note name and the record is not for: show these before the dose. */
  conflicts: string[];
  /** What it comes to at the body weight that question or note name, or why that is not worked out. */
  worked?: string;
  source: string;
}

/** What the records say to a question about a dose or a limit. */
export interface Doses {
  /** Best first. */
  rows: DoseRow[];
  /** What was taken for granted, in sentences. */
  assumed: string[];
  /** What was asked and is not there, in sentences. */
  missing: string[];
}

/** A band and what was counted in it; never show the band without its count. */
export interface Confidence {
  band: 'low' | 'medium' | 'high';
  /** Answers of this band that were right when it was measured. */
  right: number;
  /** Answers of this band that were measured. */
  of: number;
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
  /** Found as well, and not given to the model. */
  more: Evidence[];
  /** Red flags, most urgent first; those of kind `note` last. */
  emergency: Alarm[];
  doses: Doses | null;
  /** What of the question no cited sentence speaks of. */
  gaps: string[];
  /** What the knowledge base holds instead, where it does not cover the question. */
  topics: { passage: string; title: string }[];
  read_as: { typed: string; read: string }[];
  confidence: Confidence | null;
  /** Sentences that the check after the model completed or left out, with the reasons. */
  checked: { repaired: string[]; withheld: string[] };
  /** `search`: looked up before the model was loaded; there is no text. */
  author: 'model' | 'search';
  routing: { tokens: number; et5: number; emamba: number };
  timings_ms: {
    triage: number | null;
    retrieval: number | null;
    /** Reading the question together with what was found. */
    reading: number | null;
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

/**
 * What an answer yields, in this order: `emergency` only where there are red flags, `text` any number of times, `routing` and `text`
 * only where the model answers.
 */
export type AnswerEvent =
  | { type: 'emergency'; id: string; alarms: Alarm[] }
  | { type: 'evidence'; id: string; passages: Evidence[]; more: Evidence[]; doses?: Doses }
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

/** The download has come to a halt, or goes on again. */
export interface Held {
  type: 'held';
  /** Another tab downloads the same files, or the page has paused it; absent where it goes on. */
  hold?: 'paused' | 'otherTab';
}

/** The knowledge base. */
export interface LibraryInfo {
  type: 'library';
  version: string;
  /** SHA-256 of its content. */
  sha256: string;
  passages: number;
  records: number;
  /** Who has to be named, and how. */
  attributions: string[];
  /** What the abbreviations in its texts stand for. */
  abbreviations: Record<string, string>;
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
    /** Bytes of weights that one decoder call reads. */
    bytesPerCall: number;
    /** Bytes a second: of weights in the product of one row, and of a plain copy in the same run. */
    bandwidth: [number, number];
    /** The faster forms of kernels that the device offers: the WebGPU feature, the measured gain, whether it serves. */
    forms: { name: string; timesAsFast: number; serves: boolean }[];
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
  /** The knowledge base is there: `assistant.ask` looks questions up from now on, and answers them once loading is done. */
  onLibrary?: (library: LibraryInfo, assistant: MambaFormer) => void;
  /** Ends the loading. */
  signal?: AbortSignal;
  /** The worker's script; by default `worker.js` beside this one. */
  workerUrl?: string | URL;
}

export interface AskOptions {
  /** A clinical note to answer with, up to 20,000 characters. */
  note?: string;
  /** The question before, where this one follows it: both are searched for and read together. */
  follows?: string;
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

/** What the calculators can be asked for. */
export interface CalculatorChoices {
  /** Local anaesthetics in their cartridges. */
  products: string[];
  /** The one to begin with: without vasoconstrictor. */
  plainProduct?: string;
  /** Drugs with a dose for children. */
  drugs: string[];
}

/** A body weight as somebody typed it; a unit that is typed with the number must agree. */
export interface WeightEntry {
  text: string;
  unit: 'kg' | 'lb';
}

/** An age as somebody typed it. */
export interface AgeEntry {
  text: string;
  unit: 'years' | 'months';
}

/** What is to be calculated. */
export type Calculation =
  | {
      kind: 'maximum';
      /** One of `CalculatorChoices.products`. */
      product: string;
      group: 'adult' | 'child';
      weight: WeightEntry;
      /** Without text it is not known. */
      age: AgeEntry;
      /** Significant cardiovascular disease: the lower limit of vasoconstrictor holds. */
      heart: boolean;
      /** What was given before. */
      given?: { product: string; cartridges: string }[];
      /** A person has seen that the weight is unusual and confirms it. */
      confirmed?: boolean;
    }
  | {
      kind: 'dose';
      /** One of `CalculatorChoices.drugs`. */
      drug: string;
      age: AgeEntry;
      weight: WeightEntry;
      /** Of the liquid, such as "250 mg/5 mL". */
      strength?: string;
      confirmed?: boolean;
    };

/** A result, ready to be shown as it is. */
export interface CalculationSheet {
  title: string;
  result: string;
  amounts: string[];
  limitedBy?: string;
  /** What the record says, for a dose. */
  record: string[];
  working: string[];
  /** What to heed; show all of it. */
  remarks: string[];
  sources: string[];
}

/** An entry of the contents. */
export interface EntryTitle {
  passage: string;
  title: string;
  kind: Evidence['kind'];
}

/** A discipline. */
export interface Subject {
  name: string;
  entries: EntryTitle[];
}

/** One entry, whole. */
export interface Entry {
  evidence: Evidence;
  /** Sentences, or lines of a record, as bytes of the text. */
  lines: [number, number][];
  /** Whom it is about, where it holds, when it was last worked on. */
  about: string[];
  seeAlso: EntryTitle[];
}

/** Texts without the identifiers that were found. */
export interface Redacted {
  texts: string[];
  /** In the order of the texts, each once. */
  placeholders: { text: string; class: string }[];
  /** To be read beside them: the search assists and does not guarantee. */
  notice: string;
}

/** A loaded assistant: one worker, one answer at a time. */
export class MambaFormer {
  private constructor();
  static load(options?: LoadOptions): Promise<MambaFormer>;
  /** `null` while it is loading. */
  readonly info: ModelInfo | null;
  /** `null` until the knowledge base is there. */
  readonly library: LibraryInfo | null;
  /** `null` until it is decided, some time after loading. */
  readonly engine: EngineReport | null;
  /** Up to 2,000 characters. Leaving the loop early stops the answer. */
  ask(question: string, options?: AskOptions): AsyncGenerator<AnswerEvent, void, void>;
  /** `null` until the knowledge base is there. */
  readonly calculators: CalculatorChoices | null;
  /** From the records; what does not fit is an error that says what to enter. */
  calculate(calculation: Calculation): Promise<{ sheets: CalculationSheet[]; leftOut: string[] }>;
  /** The subjects of the knowledge base. */
  browse(): Promise<Subject[]>;
  /** One entry, whole. */
  open(passage: string): Promise<Entry>;
  /** Up to eight texts with placeholders in the place of identifiers. */
  redact(texts: string[]): Promise<Redacted>;
  /** Ends the worker and frees its memory. */
  dispose(): void;
}

/** The part of `text` a citation points at; a span that does not fit is a RangeError. */
export function sliceBytes(text: string, start: number, end: number): string;
