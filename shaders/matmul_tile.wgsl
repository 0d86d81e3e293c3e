// y[r, o] = epilogue(sum_k x'[r, k] * w[o, k]), x' = x or rms_norm(x): the product for many rows (prefill).
// One workgroup makes a tile of 32 rows x 32 outputs, each of its 64 invocations 4 x 4 of them; 32 columns at a time go through
// workgroup memory, transposed on the way so that the inner loop reads whole vec4s.

{{product_interface}}

const TILE: u32 = 32u;
const TILE4: u32 = 8u;

var<workgroup> xs: array<vec4<f32>, 256>;  // [32 columns, 8 groups of 4 rows]
var<workgroup> ws: array<vec4<f32>, 256>;  // [32 columns, 8 groups of 4 outputs]
var<workgroup> halves: array<f32, 64>;     // sums of squares of half rows
var<workgroup> inverse: array<f32, 32>;    // 1 / rms of each row of the tile

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let rows = counts[params.rows_at];
  let row0 = group.y * TILE;
  let output0 = group.x * TILE;
  let inputs4 = params.inputs >> 2u;
  if (NORM) {
    var sum = 0.0;
    let row = row0 + (lane >> 1u);
    if (row < rows) {
      for (var k4 = lane & 1u; k4 < inputs4; k4 += 2u) {
        let v = x[row * params.x_stride + params.x_offset + k4];
        sum += dot(v, v);
      }
    }
    halves[lane] = sum;
    workgroupBarrier();
    if (lane < TILE) {
      inverse[lane] = inverseSqrt((halves[2u * lane] + halves[2u * lane + 1u]) / f32(params.inputs) + params.epsilon);
    }
    workgroupBarrier();
  }

  let block = lane >> 3u;  // group of 4 rows (outputs) that this invocation fetches
  let column = lane & 7u;  // vec4 of columns that it fetches
  var a: array<vec4<f32>, 4>;
  var b: array<vec4<f32>, 4>;
  var sums: array<vec4<f32>, 4>;
  for (var k0 = 0u; k0 < inputs4; k0 += TILE4) {
    let k4 = k0 + column;
    // Set to zero by hand: one browser's software device keeps a loop's variables from round to round.
    for (var i = 0u; i < 4u; i++) {
      a[i] = vec4<f32>(0.0);
      b[i] = vec4<f32>(0.0);
    }
    if (k4 < inputs4) {
      let weight = norm_weight(k4);
      for (var i = 0u; i < 4u; i++) {
        let row = row0 + 4u * block + i;
        if (row < rows) {
          a[i] = x[row * params.x_stride + params.x_offset + k4];
          if (NORM) {
            a[i] *= weight * inverse[4u * block + i];
          }
        }
        let output = output0 + 4u * block + i;
        if (output < params.outputs) {
          b[i] = weight4(output, k4);
        }
      }
    }
    for (var i = 0u; i < 4u; i++) {
      let at = (4u * column + i) * TILE4 + block;
      xs[at] = vec4<f32>(a[0][i], a[1][i], a[2][i], a[3][i]);
      ws[at] = vec4<f32>(b[0][i], b[1][i], b[2][i], b[3][i]);
    }
    workgroupBarrier();
    for (var k = 0u; k < TILE; k++) {
      let left = xs[k * TILE4 + (lane >> 3u)];
      let right = ws[k * TILE4 + (lane & 7u)];
      sums[0] += left.x * right;
      sums[1] += left.y * right;
      sums[2] += left.z * right;
      sums[3] += left.w * right;
    }
    workgroupBarrier();
  }

  let first = first_row();
  let output = output0 + 4u * (lane & 7u);
  for (var i = 0u; i < 4u; i++) {
    let row = row0 + 4u * (lane >> 3u) + i;
    if (row >= rows) {
      break;
    }
    if (EPILOGUE == GATED_GELU) {
      if (output < params.outputs) {
        let at = (first + row) * params.y_stride + (output >> 1u);
        y[at] = gelu(sums[i].x) * sums[i].z;
        y[at + 1u] = gelu(sums[i].y) * sums[i].w;
      }
      continue;
    }
    for (var j = 0u; j < 4u; j++) {
      if (output + j >= params.outputs) {
        break;
      }
      store(first + row, output + j, sums[i][j]);
    }
  }
}
