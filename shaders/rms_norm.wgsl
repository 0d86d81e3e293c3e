// y[r, :] = x[r, :] / sqrt(mean(x[r, :]^2) + eps) * weight      (Zhang & Sennrich 2019; T5LayerNorm). One workgroup a row; or, for the
// decoder's state, only the last of the call's rows.

struct Params {
  rows_at: u32,   // counts[rows_at]: rows of x
  width: u32,     // columns, a multiple of 4
  epsilon: f32,
}

@group(0) @binding(0) var<storage, read>       x:      array<vec4<f32>>;  // [rows, width / 4]
@group(0) @binding(1) var<storage, read>       weight: array<vec4<f32>>;  // [width / 4]
@group(0) @binding(2) var<storage, read_write> y:      array<vec4<f32>>;  // [rows, width / 4], [1, width / 4] for the last row alone
@group(0) @binding(3) var<storage, read>       counts: array<u32>;
@group(0) @binding(4) var<uniform>             params: Params;

const LAST_ONLY: bool = {{last_only}};

var<workgroup> squares: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let rows = counts[params.rows_at];
  let width4 = params.width >> 2u;
  var row = group.y;
  if (LAST_ONLY) {
    row = max(rows, 1u) - 1u;
  }
  if (row >= rows) {
    return;
  }
  var sum = 0.0;
  for (var k = lane; k < width4; k += 64u) {
    let v = x[row * width4 + k];
    sum += dot(v, v);
  }
  squares[lane] = sum;
  workgroupBarrier();
  for (var half = 32u; half > 0u; half >>= 1u) {
    if (lane < half) {
      squares[lane] += squares[lane + half];
    }
    workgroupBarrier();
  }
  let inverse = inverseSqrt(squares[0] / f32(params.width) + params.epsilon);
  let to = select(row, 0u, LAST_ONLY);
  for (var k = lane; k < width4; k += 64u) {
    y[to * width4 + k] = x[row * width4 + k] * inverse * weight[k];
  }
}
