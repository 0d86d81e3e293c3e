// Weights kept as 4-bit blocks, widened to packed bytes: beside weights_q4.

// Four columns as signed bytes, and the scale of a block of 32.
fn weight_word(row: u32, k4: u32) -> u32 {
  let index = row * (params.inputs >> 2u) + k4;
  let word = words[index >> 3u][(index >> 1u) & 3u] >> ((index & 1u) << 4u);
  let nibbles = (vec4<u32>(word) >> vec4<u32>(0u, 4u, 8u, 12u)) & vec4<u32>(15u);
  return pack4xI8(vec4<i32>(nibbles) - vec4<i32>(8));
}

fn weight_scale(row: u32, block: u32) -> f32 {
  return scale_of(row * (params.inputs >> 5u) + block);
}
