// Selective scan of Mamba-1, second half (Gu & Dao 2023, eq. 2): the state before a chunk from the summaries of all earlier ones, then
// h = exp(dt A) h + dt B x, y = C h + D x over its tokens, gated by silu(z). One invocation walks one channel of one chunk; the state
// stays in registers. With two directions the forward half leaves y ungated and the backward half adds to it and gates.

struct Params {
  rows_at: u32,   // counts[rows_at]: tokens
  d_inner: u32,
  dt_rank: u32,   // a multiple of 4
  selected: u32,  // columns of a row of `s`: dt_rank + 2 d_state
  chunk: u32,     // tokens of a chunk
}

@group(0) @binding(0) var<storage, read>       x:       array<f32>;        // [rows, d_inner], after convolution and SiLU
@group(0) @binding(1) var<storage, read>       s:       array<vec4<f32>>;  // [rows, selected / 4]: dt, B, C
@group(0) @binding(2) var<storage, read>       xz:      array<f32>;        // [rows, 2 d_inner]: z in the second half
@group(0) @binding(3) var<storage, read>       a:       array<vec4<f32>>;  // [d_inner, STATE4]: -exp(A_log) log2(e), then D [d_inner]
@group(0) @binding(4) var<storage, read>       dt:      array<f32>;        // [rows, d_inner]
@group(0) @binding(5) var<storage, read>       summary: array<vec4<f32>>;  // [chunks, STATE4 + 1, d_inner]
@group(0) @binding(6) var<storage, read_write> y:       array<f32>;        // [rows, d_inner]
@group(0) @binding(7) var<storage, read>       counts:  array<u32>;
@group(0) @binding(8) var<uniform>             params:  Params;

const STATE4: u32 = {{state4}}u;  // d_state / 4
const BACKWARD: bool = {{backward}};
const ADD: bool = {{add}};    // y holds the other direction's result
const GATE: bool = {{gate}};  // this is the last direction

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
  var factors: array<vec4<f32>, STATE4>;
  var h: array<vec4<f32>, STATE4>;
  for (var i = 0u; i < STATE4; i++) {
    factors[i] = a[channel * STATE4 + i];
  }
  for (var earlier = 0u; earlier < group.y; earlier++) {
    let base = earlier * (STATE4 + 1u);
    let total = summary[(base + STATE4) * params.d_inner + channel].x;
    for (var i = 0u; i < STATE4; i++) {
      h[i] = exp2(total * factors[i]) * h[i] + summary[(base + i) * params.d_inner + channel];
    }
  }
  let skip = a[params.d_inner * STATE4 + (channel >> 2u)][channel & 3u];
  let end = min(first + params.chunk, rows);
  for (var step = first; step < end; step++) {
    let token = select(step, rows - 1u - step, BACKWARD);
    let at = token * params.d_inner + channel;
    let delta = dt[at];
    let input = x[at];
    var sum = skip * input;
    for (var i = 0u; i < STATE4; i++) {
      h[i] = exp2(delta * factors[i]) * h[i] + (delta * input) * s[token * columns4 + rank4 + i];
      sum += dot(h[i], s[token * columns4 + rank4 + STATE4 + i]);
    }
    if (ADD) {
      sum += y[at];
    }
    if (GATE) {
      let z = xz[token * 2u * params.d_inner + params.d_inner + channel];
      sum *= z / (1.0 + exp(-clamp(z, -80.0, 80.0)));
    }
    y[at] = sum;
  }
}
