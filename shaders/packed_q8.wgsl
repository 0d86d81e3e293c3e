// Weights kept as int8 blocks, taken as they are packed: beside weights_q8.

// Four columns as signed bytes, and the scale of a block of 32.
fn weight_word(row: u32, k4: u32) -> u32 {
  let index = row * (params.inputs >> 2u) + k4;
  return words[index >> 2u][index & 3u];
}

fn weight_scale(row: u32, block: u32) -> f32 {
  return scale_of(row * (params.inputs >> 5u) + block);
}
