// Sizes of later dispatches from numbers that only the GPU knows: rule i makes ceil(counts[at] / rows) workgroups in y, x as given, none
// where the count is 0. One invocation a rule.

struct Params {
  rules: u32,
}

@group(0) @binding(0) var<storage, read>       rules:  array<vec4<u32>>;  // [rules] (at, x, rows, 0)
@group(0) @binding(1) var<storage, read>       counts: array<u32>;
@group(0) @binding(2) var<storage, read_write> grids:  array<u32>;        // [rules, 3]
@group(0) @binding(3) var<uniform>             params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= params.rules) {
    return;
  }
  let rule = rules[id.x];
  let groups = (counts[rule.x] + rule.z - 1u) / rule.z;
  grids[3u * id.x] = select(0u, rule.y, groups > 0u);
  grids[3u * id.x + 1u] = groups;
  grids[3u * id.x + 2u] = 1u;
}
