// The copy head (See et al. 2017): pointer attention a = softmax(Wq z . k_t / sqrt(width)) over the prompt and the share g = sigmoid(w z
// + b) of the language model. One workgroup.

struct Params {
  rows_at: u32,  // counts[rows_at]: tokens L
  inputs: u32,   // d_model, a multiple of 4
  width: u32,    // of a pointer, a multiple of 4, at most 256
  go_at: u32,    // counts[go_at]: 0: nothing to do
}

@group(0) @binding(0) var<storage, read>       z:         array<vec4<f32>>;  // [inputs / 4]
@group(0) @binding(1) var<storage, read>       query:     array<vec4<f32>>;  // [width, inputs / 4]
@group(0) @binding(2) var<storage, read>       gate:      array<vec4<f32>>;  // [inputs / 4], then (b, -, -, -)
@group(0) @binding(3) var<storage, read>       keys:      array<vec4<f32>>;  // [L, width / 4]
@group(0) @binding(4) var<storage, read_write> attention: array<f32>;        // [L_max + 1]: a, and g in the last place
@group(0) @binding(5) var<storage, read>       counts:    array<u32>;
@group(0) @binding(6) var<uniform>             params:    Params;

var<workgroup> q: array<vec4<f32>, 64>;

{{reduction}}

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) lane: u32) {
  if (counts[params.go_at] == 0u) {
    return;
  }
  let rows = counts[params.rows_at];
  let inputs4 = params.inputs >> 2u;
  let width4 = params.width >> 2u;
  if (lane < width4) {
    var own = vec4<f32>(0.0);
    for (var c = 0u; c < 4u; c++) {
      for (var k = 0u; k < inputs4; k++) {
        own[c] += dot(query[(4u * lane + c) * inputs4 + k], z[k]);
      }
    }
    q[lane] = own;
  }
  var share = 0.0;
  for (var k = lane; k < inputs4; k += 256u) {
    share += dot(gate[k], z[k]);
  }
  let logit = total(lane, share) + gate[inputs4].x;

  let scale = inverseSqrt(f32(params.width));
  var peak = -3.0e38;
  for (var row = lane; row < rows; row += 256u) {
    var score = 0.0;
    for (var k = 0u; k < width4; k++) {
      score += dot(keys[row * width4 + k], q[k]);
    }
    score *= scale;
    attention[row] = score;
    peak = max(peak, score);
  }
  peak = largest(lane, peak);
  var mass = 0.0;
  for (var row = lane; row < rows; row += 256u) {
    let weight = exp(attention[row] - peak);
    attention[row] = weight;
    mass += weight;
  }
  mass = total(lane, mass);
  for (var row = lane; row < rows; row += 256u) {
    attention[row] /= mass;
  }
  if (lane == 0u) {
    attention[arrayLength(&attention) - 1u] = 1.0 / (1.0 + exp(-clamp(logit, -80.0, 80.0)));
  }
}
