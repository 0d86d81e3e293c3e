// y[r, :] = table[ids[first + r], :]: the shared embedding's rows, widened. One invocation copies four columns.

struct Params {
  rows_at: u32,   // counts[rows_at]: tokens of this call
  inputs: u32,    // columns d_model, a multiple of 4 (of 32 where the table is quantised)
  first_at: u32,  // counts[first_at]: the first id to take; NOWHERE: 0
}

@group(0) @binding(0) var<storage, read>       ids:    array<u32>;
@group(0) @binding(1) var<storage, read>       words:  array<vec4<u32>>;  // [vocab_size, inputs], by format
@group(0) @binding(2) var<storage, read>       scales: array<u32>;        // [vocab_size, inputs / 64], by format
@group(0) @binding(3) var<storage, read_write> y:      array<vec4<f32>>;  // [rows, inputs / 4]
@group(0) @binding(4) var<storage, read>       counts: array<u32>;
@group(0) @binding(5) var<uniform>             params: Params;

const NOWHERE: u32 = 0xffffffffu;

{{weights}}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let row = group.y;
  let k4 = group.x * 64u + lane;
  if (row >= counts[params.rows_at] || k4 >= (params.inputs >> 2u)) {
    return;
  }
  var first = 0u;
  if (params.first_at != NOWHERE) {
    first = counts[params.first_at];
  }
  y[row * (params.inputs >> 2u) + k4] = weight4(ids[first + row], k4);
}
