// y[r, o] = epilogue(sum_k x'[r, k] * w[o, k]), x' = x or rms_norm(x): the product for few rows (decoding).
// One workgroup makes 8 outputs of 4 rows; 8 invocations share an output and split its columns, so that a weight is read once for
// four rows and neighbours read neighbouring words.

{{product_interface}}

var<workgroup> parts: array<vec4<f32>, 64>;  // [8 columns' shares, 8 outputs], a row in each component
var<workgroup> inverse: vec4<f32>;           // 1 / rms of each row

fn total(output: u32, row: u32) -> f32 {
  var sum = 0.0;
  for (var share = 0u; share < 8u; share++) {
    sum += parts[8u * share + output][row];
  }
  return sum;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let rows = counts[params.rows_at];
  let row0 = group.y * 4u;
  if (row0 >= rows) {
    return;
  }
  // Rows beyond the last are computed from the last and not stored: cheaper than a branch in the loop.
  let last = rows - 1u;
  let starts = min(vec4<u32>(row0, row0 + 1u, row0 + 2u, row0 + 3u), vec4<u32>(last)) * params.x_stride + params.x_offset;
  let inputs4 = params.inputs >> 2u;
  if (NORM) {
    var squares = vec4<f32>(0.0);
    for (var k4 = lane; k4 < inputs4; k4 += 64u) {
      let a = x[starts.x + k4];
      let b = x[starts.y + k4];
      let c = x[starts.z + k4];
      let d = x[starts.w + k4];
      squares += vec4<f32>(dot(a, a), dot(b, b), dot(c, c), dot(d, d));
    }
    parts[lane] = squares;
    workgroupBarrier();
    for (var half = 32u; half > 0u; half >>= 1u) {
      if (lane < half) {
        parts[lane] += parts[lane + half];
      }
      workgroupBarrier();
    }
    if (lane == 0u) {
      inverse = inverseSqrt(parts[0] / f32(params.inputs) + params.epsilon);
    }
    workgroupBarrier();
  }

  let own = lane & 7u;
  let share = lane >> 3u;
  let output = group.x * 8u + own;
  var sums = vec4<f32>(0.0);
  if (output < params.outputs) {
    for (var chunk = share; chunk < inputs4 / CHUNK4; chunk += 8u) {
      var weights = load_chunk(output, chunk);
      for (var i = 0u; i < CHUNK4; i++) {
        let k4 = chunk * CHUNK4 + i;
        let w = weights[i] * norm_weight(k4);
        sums += vec4<f32>(dot(w, x[starts.x + k4]), dot(w, x[starts.y + k4]), dot(w, x[starts.z + k4]), dot(w, x[starts.w + k4]));
      }
    }
  }
  if (NORM) {
    sums *= inverse;
  }
  parts[8u * share + own] = sums;
  workgroupBarrier();

  let row = lane >> 3u;
  if (row >= 4u || row0 + row >= rows || output >= params.outputs) {
    return;
  }
  if (EPILOGUE == GATED_GELU) {
    if ((own & 2u) == 0u) {
      // Outputs 0 1 | 2 3 of a group of four become columns 0 1.
      let at = (first_row() + row0 + row) * params.y_stride + ((output >> 2u) << 1u) + (own & 1u);
      y[at] = gelu(total(own, row)) * total(own + 2u, row);
    }
    return;
  }
  store(first_row() + row0 + row, output, total(own, row));
}
