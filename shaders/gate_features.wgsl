// The gate's view of each token: [rmsnorm(e_t); dispersion of the window; surprisal; length; affinity], [L, width + 4]. The window is
// +-`window` tokens, cut at the ends. One workgroup a token.

struct Params {
  rows_at: u32,            // counts[rows_at]: tokens L
  window: u32,
  prototypes: u32,
  norm_epsilon: f32,
  norm_floor: f32,         // below this a norm counts as zero in a cosine
  table_mean_sq_norm: f32,
  log_max_tokens: f32,     // ln(1 + L_max)
}

@group(0) @binding(0) var<storage, read>       e:         array<vec4<f32>>;  // [L, WIDTH4]
@group(0) @binding(1) var<storage, read>       ids:       array<u32>;        // [L]
@group(0) @binding(2) var<storage, read>       norm:      array<vec4<f32>>;  // [WIDTH4]
@group(0) @binding(3) var<storage, read>       prototype: array<vec4<f32>>;  // [prototypes, WIDTH4], rows of length 1
@group(0) @binding(4) var<storage, read>       surprisal: array<f32>;        // [vocab_size]
@group(0) @binding(5) var<storage, read_write> features:  array<vec4<f32>>;  // [L, WIDTH4 + 1]
@group(0) @binding(6) var<storage, read>       counts:    array<u32>;
@group(0) @binding(7) var<uniform>             params:    Params;

const WIDTH4: u32 = {{width4}}u;

var<workgroup> mean: array<vec4<f32>, WIDTH4>;
// `parts` of the reduction holds squares of e_t, spread of the window, squares of the mean.
{{reduction}}
var<workgroup> cosines: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let rows = counts[params.rows_at];
  let token = group.y;
  if (token >= rows) {
    return;
  }
  let first = token - min(token, params.window);
  let end = min(token + params.window + 1u, rows);
  let count = f32(end - first);
  var part = vec3<f32>(0.0);
  for (var k = lane; k < WIDTH4; k += 64u) {
    var sum = vec4<f32>(0.0);
    for (var row = first; row < end; row++) {
      sum += e[row * WIDTH4 + k] / count;
    }
    mean[k] = sum;
    for (var row = first; row < end; row++) {
      let away = e[row * WIDTH4 + k] - sum;
      part.y += dot(away, away);
    }
    let own = e[token * WIDTH4 + k];
    part.x += dot(own, own);
    part.z += dot(sum, sum);
  }
  let sums = total(lane, part);

  let length = max(sqrt(sums.z), params.norm_floor);
  var cosine = -3.4e38;
  for (var p = lane; p < params.prototypes; p += 64u) {
    var product = 0.0;
    for (var k = 0u; k < WIDTH4; k++) {
      product += dot(prototype[p * WIDTH4 + k], mean[k]);
    }
    cosine = max(cosine, product / length);
  }
  cosines[lane] = cosine;
  let inverse = inverseSqrt(sums.x / f32(4u * WIDTH4) + params.norm_epsilon);
  for (var k = lane; k < WIDTH4; k += 64u) {
    features[token * (WIDTH4 + 1u) + k] = e[token * WIDTH4 + k] * inverse * norm[k];
  }
  workgroupBarrier();
  if (lane == 0u) {
    for (var i = 1u; i < 64u; i++) {
      cosine = max(cosine, cosines[i]);
    }
    features[token * (WIDTH4 + 1u) + WIDTH4] = vec4<f32>(
      sums.y / count / params.table_mean_sq_norm,
      surprisal[ids[token]],
      log(1.0 + f32(rows)) / params.log_max_tokens,
      cosine,
    );
  }
}
