// The memory: m_t = e_t + p_t norm(h_t), h_t from the expert that read token t, then the memory's own norm (`residual`, trained models);
// or m_t = norm(h_t) alone (`expert`, converted checkpoints). One workgroup a token.

struct Params {
  rows_at: u32,             // counts[rows_at]: tokens L
  residual: u32,            // 1: e_t is added, y weighted and the memory normed
  emamba_normed: u32,       // 1: EMamba's rows have been through its norm (and adapter) already
  et5_epsilon: f32,
  emamba_epsilon: f32,
  memory_epsilon: f32,
}

@group(0) @binding(0) var<storage, read>       e:      array<vec4<f32>>;  // [L, WIDTH4]
@group(0) @binding(1) var<storage, read>       et5:    array<vec4<f32>>;  // [n, WIDTH4]
@group(0) @binding(2) var<storage, read>       emamba: array<vec4<f32>>;  // [n, WIDTH4]
@group(0) @binding(3) var<storage, read>       routes: array<vec4<u32>>;  // [L] (expert, place, weight bits, 0)
@group(0) @binding(4) var<storage, read>       norms:  array<vec4<f32>>;  // [3, WIDTH4]: ET5's, EMamba's, the memory's weight
@group(0) @binding(5) var<storage, read_write> m:      array<vec4<f32>>;  // [L, WIDTH4]
@group(0) @binding(6) var<storage, read>       counts: array<u32>;
@group(0) @binding(7) var<uniform>             params: Params;

const WIDTH4: u32 = {{width4}}u;

var<workgroup> line: array<vec4<f32>, WIDTH4>;

{{reduction}}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let token = group.y;
  if (token >= counts[params.rows_at]) {
    return;
  }
  let route = routes[token];
  let on_emamba = route.x == 1u;
  var own = 0.0;
  for (var k = lane; k < WIDTH4; k += 64u) {
    var h = vec4<f32>(0.0);
    if (on_emamba) {
      h = emamba[route.y * WIDTH4 + k];
    } else {
      h = et5[route.y * WIDTH4 + k];
    }
    line[k] = h;
    own += dot(h, h);
  }
  let mean = total(lane, own) / f32(4u * WIDTH4);
  let normed = on_emamba && params.emamba_normed == 1u;
  let inverse = select(inverseSqrt(mean + select(params.et5_epsilon, params.emamba_epsilon, on_emamba)), 1.0, normed);
  var square = 0.0;
  for (var k = lane; k < WIDTH4; k += 64u) {
    var y = line[k] * inverse;
    if (!normed) {
      y *= norms[route.x * WIDTH4 + k];
    }
    if (params.residual == 1u) {
      y = e[token * WIDTH4 + k] + bitcast<f32>(route.z) * y;
    }
    line[k] = y;
    square += dot(y, y);
  }
  let scale = inverseSqrt(total(lane, square) / f32(4u * WIDTH4) + params.memory_epsilon);
  for (var k = lane; k < WIDTH4; k += 64u) {
    var y = line[k];
    if (params.residual == 1u) {
      y *= scale * norms[2u * WIDTH4 + k];
    }
    m[token * WIDTH4 + k] = y;
  }
}
