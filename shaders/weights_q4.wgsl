// Reading weights [rows, columns] kept as 4-bit blocks of 32 columns, 8 added to each. `words` is array<vec4<u32>>, one vec4 for one
// block; `scales` packs two f16 a word, one for each block.
const CHUNK4: u32 = 8u;  // vec4s of columns that `load_chunk` widens at once

fn widen(word: u32, shift: u32) -> vec4<f32> {
  let nibbles = (vec4<u32>(word) >> (vec4<u32>(0u, 4u, 8u, 12u) + shift)) & vec4<u32>(15u);
  return vec4<f32>(nibbles) - 8.0;
}

fn scale_of(block: u32) -> f32 {
  return unpack2x16float(scales[block >> 1u])[block & 1u];
}

fn weight4(row: u32, k4: u32) -> vec4<f32> {
  let index = row * (params.inputs >> 2u) + k4;
  let block = index >> 3u;
  return widen(words[block][(index >> 1u) & 3u], (index & 1u) << 4u) * scale_of(block);
}

fn load_chunk(row: u32, chunk: u32) -> array<vec4<f32>, CHUNK4> {
  let block = row * (params.inputs >> 5u) + chunk;
  let word = words[block];
  let scale = scale_of(block);
  return array<vec4<f32>, CHUNK4>(
    widen(word.x, 0u) * scale, widen(word.x, 16u) * scale, widen(word.y, 0u) * scale, widen(word.y, 16u) * scale,
    widen(word.z, 0u) * scale, widen(word.z, 16u) * scale, widen(word.w, 0u) * scale, widen(word.w, 16u) * scale,
  );
}
