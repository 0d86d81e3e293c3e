// T5 attention of few tokens (decoding): y = softmax(q k^T (+ bias)) v per head, unscaled. Self-attention reads queries, keys and values
// from the cache [positions, 3, heads, d_kv] that the projection has just written, causally and with a bias by clamped distance;
// cross-attention reads the memory's keys and values [L, 2, heads, d_kv]. One workgroup serves one head of one row, 64 keys at a time.

struct Params {
  rows_at: u32,       // counts[rows_at]: rows of this call
  base_at: u32,       // self: counts[base_at]: position of the first row
  keys_at: u32,       // cross: counts[keys_at]: keys
  heads: u32,
  max_distance: u32,  // self: distances are clamped to it
}

@group(0) @binding(0) var<storage, read>       queries: array<f32>;  // self: the cache; cross: [rows, heads, D]
@group(0) @binding(1) var<storage, read>       cache:   array<f32>;
@group(0) @binding(2) var<storage, read>       bias:    array<f32>;  // self: [heads, 2 max_distance + 1], by key - query + max_distance
@group(0) @binding(3) var<storage, read_write> y:       array<f32>;  // [rows, heads, D]
@group(0) @binding(4) var<storage, read>       counts:  array<u32>;
@group(0) @binding(5) var<uniform>             params:  Params;

const D: u32 = {{d}}u;          // d_kv
const SLICES: u32 = {{slices}}u;  // ceil(D / 64)
const CROSS: bool = {{cross}};

var<workgroup> q: array<f32, D>;
var<workgroup> scores: array<f32, 64>;
var<workgroup> weights: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let row = group.y;
  if (row >= counts[params.rows_at]) {
    return;
  }
  let head = group.x;
  let inner = params.heads * D;
  var base = 0u;
  var keys = 0u;
  var stride = 2u * inner;
  var key_offset = 0u;
  var query_at = row * inner + head * D;
  if (CROSS) {
    keys = counts[params.keys_at];
  } else {
    base = counts[params.base_at];
    keys = base + row + 1u;
    stride = 3u * inner;
    key_offset = inner;
    query_at = (base + row) * stride + head * D;
  }
  for (var i = lane; i < D; i += 64u) {
    q[i] = queries[query_at + i];
  }
  workgroupBarrier();
  let reach = i32(params.max_distance);
  var sums: array<f32, SLICES>;
  var largest = -3.0e38;
  var mass = 0.0;
  for (var start = 0u; start < keys; start += 64u) {
    let key = start + lane;
    var score = -3.0e38;
    if (key < keys) {
      score = 0.0;
      let at = key * stride + key_offset + head * D;
      for (var i = 0u; i < D; i++) {
        score += q[i] * cache[at + i];
      }
      if (!CROSS) {
        let distance = clamp(i32(key) - i32(base + row), -reach, reach);
        score += bias[i32(head * (2u * params.max_distance + 1u)) + reach + distance];
      }
    }
    scores[lane] = score;
    workgroupBarrier();
    var peak = largest;
    for (var j = 0u; j < 64u; j++) {
      peak = max(peak, scores[j]);
    }
    weights[lane] = select(0.0, exp(score - peak), key < keys);
    workgroupBarrier();
    let fade = exp(largest - peak);
    largest = peak;
    mass *= fade;
    let count = min(64u, keys - start);
    for (var j = 0u; j < count; j++) {
      mass += weights[j];
    }
    for (var s = 0u; s < SLICES; s++) {
      let i = s * 64u + lane;
      var sum = sums[s] * fade;
      if (i < D) {
        for (var j = 0u; j < count; j++) {
          sum += weights[j] * cache[(start + j) * stride + key_offset + inner + head * D + i];
        }
      }
      sums[s] = sum;
    }
    // Scores and weights are written again in the next round.
    workgroupBarrier();
  }
  for (var s = 0u; s < SLICES; s++) {
    let i = s * 64u + lane;
    if (i < D) {
      y[row * inner + head * D + i] = sums[s] / mass;
    }
  }
}
