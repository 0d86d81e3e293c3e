// Selective scan of Mamba-1, first half: time steps dt = softplus(W s_t + b), and for each chunk of tokens what it does to a state:
// h -> exp(A sum dt) h + S, with S the state it reaches from zero. Chunks are independent: that is what makes the scan parallel in
// time. One invocation walks one channel of one chunk; backward, chunks and tokens are counted from the end.

struct Params {
  rows_at: u32,         // counts[rows_at]: tokens
  d_inner: u32,
  dt_rank: u32,         // a multiple of 4
  selected: u32,        // columns of a row of `s`: dt_rank + 2 d_state
  chunk: u32,           // tokens of a chunk
}

@group(0) @binding(0) var<storage, read>       x:       array<f32>;        // [rows, d_inner], after convolution and SiLU
@group(0) @binding(1) var<storage, read>       s:       array<vec4<f32>>;  // [rows, selected / 4]: dt, B, C
@group(0) @binding(2) var<storage, read>       dt_proj: array<vec4<f32>>;  // [d_inner, dt_rank / 4], then [d_inner] biases
@group(0) @binding(3) var<storage, read>       a:       array<vec4<f32>>;  // [d_inner, STATE4]: -exp(A_log) log2(e)
@group(0) @binding(4) var<storage, read_write> dt:      array<f32>;        // [rows, d_inner]
@group(0) @binding(5) var<storage, read_write> summary: array<vec4<f32>>;  // [chunks, STATE4 + 1, d_inner]: S, then (sum dt, -, -, -)
@group(0) @binding(6) var<storage, read>       counts:  array<u32>;
@group(0) @binding(7) var<uniform>             params:  Params;

const STATE4: u32 = {{state4}}u;  // d_state / 4
const BACKWARD: bool = {{backward}};

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let rows = counts[params.rows_at];
  let channel = group.x * 64u + lane;
  let first = group.y * params.chunk;
  if (channel >= params.d_inner || first >= rows) {
    return;
  }
  let rank4 = params.dt_rank >> 2u;
  let columns4 = params.selected >> 2u;
  let bias = dt_proj[params.d_inner * rank4 + (channel >> 2u)][channel & 3u];
  var factors: array<vec4<f32>, STATE4>;
  var h: array<vec4<f32>, STATE4>;
  for (var i = 0u; i < STATE4; i++) {
    factors[i] = a[channel * STATE4 + i];
  }
  var total = 0.0;
  let end = min(first + params.chunk, rows);
  for (var step = first; step < end; step++) {
    let token = select(step, rows - 1u - step, BACKWARD);
    var raw = bias;
    for (var i = 0u; i < rank4; i++) {
      raw += dot(dt_proj[channel * rank4 + i], s[token * columns4 + i]);
    }
    // ln(1 + e^x); above 20 it is x to f32's precision, long before e^x overflows.
    let delta = select(log(1.0 + exp(min(raw, 20.0))), raw, raw > 20.0);
    let at = token * params.d_inner + channel;
    dt[at] = delta;
    total += delta;
    let push = delta * x[at];
    for (var i = 0u; i < STATE4; i++) {
      h[i] = exp2(delta * factors[i]) * h[i] + push * s[token * columns4 + rank4 + i];
    }
  }
  let base = group.y * (STATE4 + 1u);
  for (var i = 0u; i < STATE4; i++) {
    summary[(base + i) * params.d_inner + channel] = h[i];
  }
  summary[(base + STATE4) * params.d_inner + channel] = vec4<f32>(total, 0.0, 0.0, 0.0);
}
