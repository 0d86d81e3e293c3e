// y = x: the bandwidth that other kernels are measured against. One invocation copies four values.

struct Params {
  count4: u32,  // values / 4
  width: u32,   // invocations of a row of workgroups
}

@group(0) @binding(0) var<storage, read>       x:      array<vec4<f32>>;  // [count4]
@group(0) @binding(1) var<storage, read_write> y:      array<vec4<f32>>;  // [count4]
@group(0) @binding(2) var<uniform>             params: Params;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let index = id.y * params.width + id.x;
  if (index < params.count4) {
    y[index] = x[index];
  }
}
