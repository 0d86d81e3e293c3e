// A tile of products in floating point: columns transposed on the way so that the inner loop reads whole vec4s. With shader-f16 they lie
// in workgroup memory, and are multiplied, in half precision; sums are f32 always.

var<workgroup> xs: array<vec4<{{real}}>, 256>;  // [32 columns, 8 groups of 4 rows]
var<workgroup> ws: array<vec4<{{real}}>, 256>;  // [32 columns, 8 groups of 4 outputs]

// The sums of rows 4 * (lane / 8) to + 3 of the tile (one each) and outputs 4 * (lane % 8) to + 3 (a component each).
fn products(lane: u32, row0: u32, rows: u32, output0: u32) -> array<vec4<f32>, 4> {
  let inputs4 = params.inputs >> 2u;
  let block = lane >> 3u;  // group of 4 rows (outputs) that this invocation fetches
  let column = lane & 7u;  // vec4 of columns that it fetches
  var a: array<vec4<f32>, 4>;
  var b: array<vec4<f32>, 4>;
  var sums: array<vec4<f32>, 4>;
  for (var k0 = 0u; k0 < inputs4; k0 += TILE4) {
    let k4 = k0 + column;
    // Set to zero by hand: one browser's software device keeps a loop's variables from round to round.
    for (var i = 0u; i < 4u; i++) {
      let in_tile = 4u * block + i;
      a[i] = input4(row0 + in_tile, rows, in_tile, k4);
      b[i] = vec4<f32>(0.0);
      if (k4 < inputs4 && output0 + in_tile < params.outputs) {
        b[i] = weight4(output0 + in_tile, k4);
      }
    }
    for (var i = 0u; i < 4u; i++) {
      let at = (4u * column + i) * TILE4 + block;
      xs[at] = vec4<{{real}}>(vec4<f32>(a[0][i], a[1][i], a[2][i], a[3][i]));
      ws[at] = vec4<{{real}}>(vec4<f32>(b[0][i], b[1][i], b[2][i], b[3][i]));
    }
    workgroupBarrier();
    for (var k = 0u; k < TILE; k++) {
      let left = xs[k * TILE4 + block];
      let right = ws[k * TILE4 + column];
      sums[0] += vec4<f32>(left.x * right);
      sums[1] += vec4<f32>(left.y * right);
      sums[2] += vec4<f32>(left.z * right);
      sums[3] += vec4<f32>(left.w * right);
    }
    workgroupBarrier();
  }
  return sums;
}
