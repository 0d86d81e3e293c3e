// y[r, o] = epilogue(sum_k x'[r, k] * w[o, k]), x' = x or rms_norm(x): the product for many rows (prefill).
// One workgroup makes a tile of 32 rows x 32 outputs, each of its 64 invocations 4 x 4 of them; 32 columns at a time go through
// workgroup memory. How they lie there and are multiplied is a part of its own: floating point, or 8-bit integers.

{{enable}}
{{product_interface}}

const TILE: u32 = 32u;
const TILE4: u32 = 8u;

var<workgroup> halves: array<f32, 64>;     // sums of squares of half rows
var<workgroup> inverse: array<f32, 32>;    // 1 / rms of each row of the tile

// Four consecutive values of x', from column 4 * k4 on; zero beyond the last row or column.
fn input4(row: u32, rows: u32, in_tile: u32, k4: u32) -> vec4<f32> {
  if (row >= rows || k4 >= params.inputs >> 2u) {
    return vec4<f32>(0.0);
  }
  let value = x[row * params.x_stride + params.x_offset + k4];
  if (NORM) {
    return value * (norm_weight(k4) * inverse[in_tile]);
  }
  return value;
}

{{tile}}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let rows = counts[params.rows_at];
  let row0 = group.y * TILE;
  if (NORM) {
    let inputs4 = params.inputs >> 2u;
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

  let output0 = group.x * TILE;
  var sums = products(lane, row0, rows, output0);

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
