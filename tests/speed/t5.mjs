// A T5 v1.1 with random weights as two ONNX models, in 8 bits the way onnxruntime's `quantize_dynamic` leaves it (activations quantised as
// they come, weights int8 by output), or in f32.
//
// What helps the runtime is given to it: the position bias comes ready-made, keys and values of the prompt are computed once, and the
// prompt's keys lie as the product wants them.

import { Graph } from './onnx.mjs';

/** As the preset `t5-peer` (model/src/preset.rs). */
export const SHAPE = { vocabulary: 8_192, width: 384, heads: 6, perHead: 64, inner: 1_024, layers: 6 };

/** A generator with a seed (mulberry32): the same weights on every machine. */
function randoms(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}

class T5 {
  constructor(name, bits) {
    this.g = new Graph(name);
    this.bits = bits;
    this.next = randoms(7);
  }

  /** Uniform with the variance 1 / inputs. */
  random(inputs, outputs) {
    const scale = Math.sqrt(3 / inputs);
    return Float32Array.from({ length: inputs * outputs }, () => scale * this.next());
  }

  /** The products of one input with several matrices: it is quantised once for all of them. */
  products(x, inputs, widths) {
    const { g } = this;
    if (this.bits === 32) return widths.map((width) => g.node('MatMul', [x, g.constant('float', [inputs, width], this.random(inputs, width))]));
    const [q, scale, zero] = ['q', 's', 'z'].map((part) => `${part}${(g.made += 1)}`);
    g.node('DynamicQuantizeLinear', [x], {}, [q, scale, zero]);
    return widths.map((width) => {
      const values = this.random(inputs, width);
      const most = Math.sqrt(3 / inputs) / 127;
      const weights = g.constant('int8', [inputs, width], Int8Array.from(values, (value) => Math.round(value / most)));
      const none = g.constant('int8', [width], new Int8Array(width));
      const scales = g.constant('float', [width], new Float32Array(width).fill(most));
      const sums = g.node('Cast', [g.node('MatMulInteger', [q, weights, zero, none])], { to: 1 });
      return g.node('Mul', [sums, g.node('Mul', [scale, scales])]);
    });
  }

  norm(x) {
    const { g } = this;
    const mean = g.node('ReduceMean', [g.node('Mul', [x, x])], { axes: [-1], keepdims: 1 });
    const root = g.node('Sqrt', [g.node('Add', [mean, g.number(1e-6)])]);
    return g.node('Mul', [g.node('Div', [x, root]), g.constant('float', [SHAPE.width], new Float32Array(SHAPE.width).fill(1))]);
  }

  /** `[1, L, width]` to `[1, heads, L, perHead]`, or with `keys` to `[1, heads, perHead, L]`. */
  split(x, keys) {
    const { g } = this;
    const heads = g.node('Reshape', [x, g.shape([1, -1, SHAPE.heads, SHAPE.perHead])]);
    return g.node('Transpose', [heads], { perm: keys ? [0, 2, 3, 1] : [0, 2, 1, 3] });
  }

  /** Attention of `q` to keys and values, and the product behind it. */
  attend(q, keys, values, bias) {
    const { g } = this;
    const scores = g.node('MatMul', [q, keys]);
    const weights = g.node('Softmax', [bias ? g.node('Add', [scores, bias]) : scores], { axis: -1 });
    const mixed = g.node('Transpose', [g.node('MatMul', [weights, values])], { perm: [0, 2, 1, 3] });
    const joined = g.node('Reshape', [mixed, g.shape([1, -1, SHAPE.heads * SHAPE.perHead])]);
    return this.products(joined, SHAPE.heads * SHAPE.perHead, [SHAPE.width])[0];
  }

  /** Gated GELU (tanh), as T5 v1.1 has it. */
  feedForward(x) {
    const { g } = this;
    const [gate, up] = this.products(this.norm(x), SHAPE.width, [SHAPE.inner, SHAPE.inner]);
    const cube = g.node('Mul', [g.node('Mul', [gate, gate]), gate]);
    const slope = g.node('Mul', [g.node('Add', [gate, g.node('Mul', [cube, g.number(0.044715)])]), g.number(Math.sqrt(2 / Math.PI))]);
    const half = g.node('Mul', [gate, g.number(0.5)]);
    const gelu = g.node('Mul', [half, g.node('Add', [g.node('Tanh', [slope]), g.number(1)])]);
    const [down] = this.products(g.node('Mul', [gelu, up]), SHAPE.inner, [SHAPE.width]);
    return g.node('Add', [x, down]);
  }

  embedded(ids) {
    return this.g.node('Gather', [this.g.constant('float', [SHAPE.vocabulary, SHAPE.width], this.random(1, SHAPE.vocabulary * SHAPE.width)), ids]);
  }
}

/** `ids [1, L]`, `bias [1, heads, L, L]` to the decoder's keys `[1, heads, perHead, L]` and values `[1, heads, L, perHead]` of the prompt. */
export function encoder(bits) {
  const t5 = new T5('encoder', bits);
  const { g } = t5;
  const inner = SHAPE.heads * SHAPE.perHead;
  const bias = g.input('bias', 'float', [1, SHAPE.heads, 'L', 'L']);
  let x = t5.embedded(g.input('ids', 'int64', [1, 'L']));
  for (let layer = 0; layer < SHAPE.layers; layer += 1) {
    const [q, k, v] = t5.products(t5.norm(x), SHAPE.width, [inner, inner, inner]);
    x = g.node('Add', [x, t5.attend(t5.split(q), t5.split(k, true), t5.split(v), bias)]);
    x = t5.feedForward(x);
  }
  const own = t5.products(t5.norm(x), SHAPE.width, Array(2 * SHAPE.layers).fill(inner));
  for (let layer = 0; layer < SHAPE.layers; layer += 1) {
    g.output(`cross_k${layer}`, 'float', [1, SHAPE.heads, SHAPE.perHead, 'L'], t5.split(own[2 * layer], true));
    g.output(`cross_v${layer}`, 'float', [1, SHAPE.heads, 'L', SHAPE.perHead], t5.split(own[2 * layer + 1]));
  }
  return g.bytes();
}

/** One token `id [1, 1]` with `bias [1, heads, 1, T + 1]`, the keys and values so far and the prompt's, to logits and the keys and values with it. */
export function decoder(bits) {
  const t5 = new T5('decoder', bits);
  const { g } = t5;
  const inner = SHAPE.heads * SHAPE.perHead;
  const bias = g.input('bias', 'float', [1, SHAPE.heads, 1, 'T1']);
  let x = t5.embedded(g.input('id', 'int64', [1, 1]));
  for (let layer = 0; layer < SHAPE.layers; layer += 1) {
    const pastK = g.input(`k${layer}`, 'float', [1, SHAPE.heads, SHAPE.perHead, 'T']);
    const pastV = g.input(`v${layer}`, 'float', [1, SHAPE.heads, 'T', SHAPE.perHead]);
    const crossK = g.input(`cross_k${layer}`, 'float', [1, SHAPE.heads, SHAPE.perHead, 'L']);
    const crossV = g.input(`cross_v${layer}`, 'float', [1, SHAPE.heads, 'L', SHAPE.perHead]);
    const [q, k, v] = t5.products(t5.norm(x), SHAPE.width, [inner, inner, inner]);
    const keys = g.node('Concat', [pastK, t5.split(k, true)], { axis: 3 });
    const values = g.node('Concat', [pastV, t5.split(v)], { axis: 2 });
    x = g.node('Add', [x, t5.attend(t5.split(q), keys, values, bias)]);
    const [asked] = t5.products(t5.norm(x), SHAPE.width, [inner]);
    x = g.node('Add', [x, t5.attend(t5.split(asked), crossK, crossV)]);
    x = t5.feedForward(x);
    g.output(`new_k${layer}`, 'float', [1, SHAPE.heads, SHAPE.perHead, 'T1'], keys);
    g.output(`new_v${layer}`, 'float', [1, SHAPE.heads, 'T1', SHAPE.perHead], values);
  }
  const [logits] = t5.products(t5.norm(x), SHAPE.width, [SHAPE.vocabulary]);
  g.output('logits', 'float', [1, 1, SHAPE.vocabulary], logits);
  return g.bytes();
}
