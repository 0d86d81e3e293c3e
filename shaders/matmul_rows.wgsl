// y[r, o] = epilogue(sum_k x'[r, k] * w[o, k]), x' = x or rms_norm(x): the product for few rows (decoding).
// One workgroup makes 8 outputs of 4 rows; 8 invocations share an output and split its columns, so that a weight is read once for
// four rows. How the eight shares come together is a part of its own: through workgroup memory, or within a subgroup.

{{enable}}
{{product_interface}}
{{shares}}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let rows = counts[params.rows_at];
  let row0 = group.y * 4u;
  if (row0 >= rows) {
    return;
  }
  // Rows beyond the last are computed from the last and not stored, but for a single one, the commonest case of decoding.
  let last = rows - 1u;
  let single = row0 == last;
  let starts = min(vec4<u32>(row0, row0 + 1u, row0 + 2u, row0 + 3u), vec4<u32>(last)) * params.x_stride + params.x_offset;
  let inputs4 = params.inputs >> 2u;
  var inverse = vec4<f32>(1.0);  // 1 / rms of each row
  if (NORM) {
    var squares = vec4<f32>(0.0);
    for (var k4 = lane; k4 < inputs4; k4 += 64u) {
      let a = x[starts.x + k4];
      let b = x[starts.y + k4];
      let c = x[starts.z + k4];
      let d = x[starts.w + k4];
      squares += vec4<f32>(dot(a, a), dot(b, b), dot(c, c), dot(d, d));
    }
    inverse = inverseSqrt(total(lane, squares) / f32(params.inputs) + params.epsilon);
  }

  let own = output_of(lane);
  let share = share_of(lane);
  var sums = vec4<f32>(0.0);
  if (group.x * 8u + own < params.outputs) {
    for (var chunk = share; chunk < inputs4 / CHUNK4; chunk += 8u) {
      var weights = load_chunk(group.x * 8u + own, chunk);
      for (var i = 0u; i < CHUNK4; i++) {
        let k4 = chunk * CHUNK4 + i;
        let w = weights[i] * norm_weight(k4);
        if (single) {
          sums.x += dot(w, x[starts.x + k4]);
        } else {
          sums += vec4<f32>(dot(w, x[starts.x + k4]), dot(w, x[starts.y + k4]), dot(w, x[starts.z + k4]), dot(w, x[starts.w + k4]));
        }
      }
    }
  }
  if (NORM) {
    sums *= inverse;
  }
  gather(lane, sums);
  workgroupBarrier();

  let column = lane & 7u;
  let output = group.x * 8u + column;
  let row = lane >> 3u;
  if (row >= 4u || row0 + row >= rows || output >= params.outputs) {
    return;
  }
  if (EPILOGUE == GATED_GELU) {
    if ((column & 2u) == 0u) {
      // Outputs 0 1 | 2 3 of a group of four become columns 0 1.
      let at = (first_row() + row0 + row) * params.y_stride + ((output >> 2u) << 1u) + (column & 1u);
      y[at] = gelu(sum_of(column, row)) * sum_of(column + 2u, row);
    }
    return;
  }
  store(first_row() + row0 + row, output, sum_of(column, row));
}
