// logits[i] = scale * (table[ids[i]] . z): the language-model head for the tokens an answer can hold, not for the whole vocabulary.
// One workgroup makes 8 logits; 8 invocations share one and split its columns.

struct Params {
  rows_at: u32,  // counts[rows_at]: ids
  inputs: u32,   // d_model, a multiple of 4 (of 32 where the table is quantised)
  go_at: u32,    // counts[go_at]: 0: nothing to do
  scale: f32,
}

@group(0) @binding(0) var<storage, read>       z:      array<vec4<f32>>;  // [inputs / 4]
@group(0) @binding(1) var<storage, read>       words:  array<vec4<u32>>;  // [vocab_size, inputs], by format
@group(0) @binding(2) var<storage, read>       scales: array<u32>;        // [vocab_size, inputs / 64], by format
@group(0) @binding(3) var<storage, read>       ids:    array<u32>;
@group(0) @binding(4) var<storage, read_write> logits: array<f32>;
@group(0) @binding(5) var<storage, read>       counts: array<u32>;
@group(0) @binding(6) var<uniform>             params: Params;

{{weights}}

var<workgroup> parts: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let rows = counts[params.rows_at];
  if (counts[params.go_at] == 0u || group.y * 8u >= rows) {
    return;
  }
  let own = lane & 7u;
  let index = group.y * 8u + own;
  var sum = 0.0;
  if (index < rows) {
    let row = ids[index];
    for (var chunk = lane >> 3u; chunk < (params.inputs >> 2u) / CHUNK4; chunk += 8u) {
      var weights = load_chunk(row, chunk);
      for (var i = 0u; i < CHUNK4; i++) {
        sum += dot(weights[i], z[chunk * CHUNK4 + i]);
      }
    }
  }
  parts[lane] = sum;
  workgroupBarrier();
  if (lane >= 8u || index >= rows) {
    return;
  }
  var total = 0.0;
  for (var share = 0u; share < 8u; share++) {
    total += parts[8u * share + own];
  }
  logits[index] = total * params.scale;
}
