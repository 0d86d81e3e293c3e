// Which of the two engines this browser runs. Shared by the worker and the service worker, so that only one is fetched and kept.

/**
 * A module that uses one instruction of relaxed SIMD: where it is valid the engine with integer dot products runs, which
 * gives the same answers in less time.
 */
const RELAXED_SIMD = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, // the magic number and version
  1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, // one function that returns a v128
  10, 19, 1, 17, 0, // its body: three vectors made of 1
  65, 1, 253, 15, 65, 1, 253, 15, 65, 1, 253, 17,
  253, 147, 2, 11, // i32x4.relaxed_dot_i8x16_i7x16_add_s
]);

const BASELINE = 'mambaformer_wasm';
const RELAXED = 'mambaformer_wasm_relaxed';

/** Name of the engine; `baseline` takes the one that every browser runs. */
export const engineName = (baseline = false) => (baseline || !WebAssembly.validate(RELAXED_SIMD) ? BASELINE : RELAXED);

/** Whether a file belongs to the engine that is not used here. */
export function isOtherEngine(path) {
  const file = path.slice(path.lastIndexOf('/') + 1);
  const engine = [RELAXED, BASELINE].find((name) => file.startsWith(`${name}.`) || file.startsWith(`${name}_bg.`));
  return engine !== undefined && engine !== engineName();
}
