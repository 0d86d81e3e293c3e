// A tile of products in 8-bit integers: 32 columns are one block of the weights, with one scale; the same columns of a row of x are brought
// to -127 to 127 with a scale of their own (the CPU path does the same in 7 bits). Four columns are one dot4I8Packed.

var<workgroup> xs: array<u32, 256>;      // [8 vec4s of columns, 32 rows], four columns a word
var<workgroup> ws: array<u32, 256>;      // [8 vec4s of columns, 32 outputs]
var<workgroup> x_scale: array<f32, 32>;  // of a row's block
var<workgroup> w_scale: array<f32, 32>;  // of an output's block
var<workgroup> peaks: array<f32, 256>;   // [32 rows, 8 vec4s of columns], the largest magnitude of each

// The sums of rows 4 * (lane / 8) to + 3 of the tile (one each) and outputs 4 * (lane % 8) to + 3 (a component each).
fn products(lane: u32, row0: u32, rows: u32, output0: u32) -> array<vec4<f32>, 4> {
  let blocks = params.inputs >> 5u;
  let block = lane >> 3u;  // group of 4 rows (outputs) that this invocation fetches
  let column = lane & 7u;  // vec4 of columns that it fetches
  var a: array<vec4<f32>, 4>;
  var sums: array<vec4<f32>, 4>;
  for (var k = 0u; k < blocks; k++) {
    let k4 = k * TILE4 + column;
    for (var i = 0u; i < 4u; i++) {
      let in_tile = 4u * block + i;
      a[i] = input4(row0 + in_tile, rows, in_tile, k4);
      let magnitude = abs(a[i]);
      peaks[in_tile * TILE4 + column] = max(max(magnitude.x, magnitude.y), max(magnitude.z, magnitude.w));
      let output = output0 + in_tile;
      var word = 0u;
      if (output < params.outputs) {
        word = weight_word(output, k4);
        if (column == 0u) {
          w_scale[in_tile] = weight_scale(output, k);
        }
      }
      ws[column * TILE + in_tile] = word;
    }
    workgroupBarrier();
    for (var i = 0u; i < 4u; i++) {
      let in_tile = 4u * block + i;
      var peak = 0.0;
      for (var part = 0u; part < TILE4; part++) {
        peak = max(peak, peaks[in_tile * TILE4 + part]);
      }
      var scaled = vec4<i32>(0);
      if (peak > 0.0) {
        scaled = vec4<i32>(round(a[i] * (127.0 / peak)));
      }
      xs[column * TILE + in_tile] = pack4xI8(scaled);
      if (column == 0u) {
        x_scale[in_tile] = peak / 127.0;
      }
    }
    workgroupBarrier();
    var dots: array<vec4<i32>, 4>;
    for (var i = 0u; i < 4u; i++) {
      dots[i] = vec4<i32>(0);
    }
    for (var part = 0u; part < TILE4; part++) {
      let at = part * TILE + 4u * column;
      let right = vec4<u32>(ws[at], ws[at + 1u], ws[at + 2u], ws[at + 3u]);
      for (var i = 0u; i < 4u; i++) {
        let left = xs[part * TILE + 4u * block + i];
        dots[i] += vec4<i32>(
          dot4I8Packed(left, right.x), dot4I8Packed(left, right.y), dot4I8Packed(left, right.z), dot4I8Packed(left, right.w),
        );
      }
    }
    let at = 4u * column;
    let scale = vec4<f32>(w_scale[at], w_scale[at + 1u], w_scale[at + 2u], w_scale[at + 3u]);
    for (var i = 0u; i < 4u; i++) {
      sums[i] += vec4<f32>(dots[i]) * (scale * x_scale[4u * block + i]);
    }
    workgroupBarrier();
  }
  return sums;
}
