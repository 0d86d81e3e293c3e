// The gate's second layer and its choice: two logits a token, the user's bias added to EMamba's, top-1 (ties to EMamba) and the chosen
// expert's weight p. One invocation a token.

struct Params {
  rows_at: u32,     // counts[rows_at]: tokens L
  hidden: u32,      // width of the hidden layer
  bias_at: u32,     // counts[bias_at]: the bias, f32 bits
  force_at: u32,    // counts[force_at]: 0 ET5, 1 EMamba for every token with weight 1; otherwise the gate decides
  temperature: f32,
  single: u32,      // 1: there is only ET5
}

@group(0) @binding(0) var<storage, read>       hidden: array<f32>;        // [L, hidden]
@group(0) @binding(1) var<storage, read>       weight: array<f32>;        // [2, hidden], then [2] biases
@group(0) @binding(2) var<storage, read_write> logits: array<vec2<f32>>;  // [L] (ET5, EMamba), the bias included
@group(0) @binding(3) var<storage, read_write> routes: array<vec4<u32>>;  // [L] (expert, place among its tokens, weight bits, 0)
@group(0) @binding(4) var<storage, read>       counts: array<u32>;
@group(0) @binding(5) var<uniform>             params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let token = id.y * 64u + id.x;
  if (token >= counts[params.rows_at]) {
    return;
  }
  var z = vec2<f32>(weight[2u * params.hidden], weight[2u * params.hidden + 1u]);
  for (var k = 0u; k < params.hidden; k++) {
    let h = hidden[token * params.hidden + k];
    z += h * vec2<f32>(weight[k], weight[params.hidden + k]);
  }
  z.y += bitcast<f32>(counts[params.bias_at]);
  logits[token] = z;
  var expert = select(0u, 1u, z.y >= z.x);
  var p = 1.0 / (1.0 + exp(-abs(z.y - z.x) / params.temperature));
  if (counts[params.force_at] < 2u) {
    expert = counts[params.force_at];
    p = 1.0;
  } else if (params.single == 1u) {
    expert = 0u;
    p = 1.0;
  }
  routes[token] = vec4<u32>(expert, 0u, bitcast<u32>(p), 0u);
}
