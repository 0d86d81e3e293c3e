// T5 self-attention of many tokens (the encoder): y = softmax(q k^T + bias) v per head, unscaled, without a stored score matrix (online
// softmax). The bias is a table by clamped distance of the *original* positions. One workgroup serves 64 queries of one head, one
// an invocation; KEYS keys at a time stand in workgroup memory.

struct Params {
  rows_at: u32,       // counts[rows_at]: tokens
  heads: u32,
  max_distance: u32,  // D: distances are clamped to it
}

@group(0) @binding(0) var<storage, read>       qkv:       array<vec4<f32>>;  // [rows, 3, heads, D4]
@group(0) @binding(1) var<storage, read>       bias:      array<f32>;        // [heads, 2 D + 1], by key position - query position + D
@group(0) @binding(2) var<storage, read>       positions: array<u32>;        // [rows]
@group(0) @binding(3) var<storage, read_write> y:         array<vec4<f32>>;  // [rows, heads, D4]
@group(0) @binding(4) var<storage, read>       counts:    array<u32>;
@group(0) @binding(5) var<uniform>             params:    Params;

const D4: u32 = {{d4}}u;  // d_kv / 4
const KEYS: u32 = {{keys}}u;

var<workgroup> keys: array<vec4<f32>, KEYS * D4>;    // [KEYS, D4]
var<workgroup> values: array<vec4<f32>, KEYS * D4>;  // [KEYS, D4]
var<workgroup> places: array<i32, KEYS>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let rows = counts[params.rows_at];
  let head = group.x;
  let query = group.y * 64u + lane;
  let stride = 3u * params.heads * D4;
  // An idle invocation works on the last row, so that all take part in fetching and in the barriers.
  let row = min(query, max(rows, 1u) - 1u);
  var q: array<vec4<f32>, D4>;
  var sum: array<vec4<f32>, D4>;
  for (var i = 0u; i < D4; i++) {
    q[i] = qkv[row * stride + head * D4 + i];
  }
  let place = i32(positions[row]);
  let reach = i32(params.max_distance);
  let table = i32(head * (2u * params.max_distance + 1u)) + reach;
  var largest = -3.0e38;
  var mass = 0.0;
  for (var start = 0u; start < rows; start += KEYS) {
    let count = min(KEYS, rows - start);
    for (var i = lane; i < count * D4; i += 64u) {
      let at = (start + i / D4) * stride + (params.heads + head) * D4 + i % D4;
      keys[i] = qkv[at];
      values[i] = qkv[at + params.heads * D4];
    }
    if (lane < count) {
      places[lane] = i32(positions[start + lane]);
    }
    workgroupBarrier();
    var scores: array<f32, KEYS>;
    var peak = largest;
    for (var j = 0u; j < count; j++) {
      var score = bias[table + clamp(places[j] - place, -reach, reach)];
      for (var i = 0u; i < D4; i++) {
        score += dot(q[i], keys[j * D4 + i]);
      }
      scores[j] = score;
      peak = max(peak, score);
    }
    let fade = exp(largest - peak);
    largest = peak;
    mass *= fade;
    for (var i = 0u; i < D4; i++) {
      sum[i] *= fade;
    }
    for (var j = 0u; j < count; j++) {
      let weight = exp(scores[j] - peak);
      mass += weight;
      for (var i = 0u; i < D4; i++) {
        sum[i] += weight * values[j * D4 + i];
      }
    }
    workgroupBarrier();
  }
  if (query < rows) {
    for (var i = 0u; i < D4; i++) {
      y[query * params.heads * D4 + head * D4 + i] = sum[i] / mass;
    }
  }
}
