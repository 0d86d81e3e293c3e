// y[i, :] = x[positions[i], :]: an expert's tokens, in order. One invocation copies four columns.

struct Params {
  rows_at: u32,  // counts[rows_at]: rows of y
  width4: u32,   // columns in vec4
}

@group(0) @binding(0) var<storage, read>       x:         array<vec4<f32>>;  // [L, width4]
@group(0) @binding(1) var<storage, read>       positions: array<u32>;        // [rows], ascending
@group(0) @binding(2) var<storage, read_write> y:         array<vec4<f32>>;  // [rows, width4]
@group(0) @binding(3) var<storage, read>       counts:    array<u32>;
@group(0) @binding(4) var<uniform>             params:    Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let column = group.x * 64u + lane;
  if (group.y >= counts[params.rows_at] || column >= params.width4) {
    return;
  }
  y[group.y * params.width4 + column] = x[positions[group.y] * params.width4 + column];
}
