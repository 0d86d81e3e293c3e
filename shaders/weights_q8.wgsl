// Reading weights [rows, columns] kept as int8 blocks of 32 columns. `words` is array<vec4<u32>>, one vec4 for 16 columns;
// `scales` packs two f16 a word, one for each block.
const CHUNK4: u32 = 4u;  // vec4s of columns that `load_chunk` widens at once

fn widen(word: u32) -> vec4<f32> {
  return vec4<f32>(vec4<i32>(vec4<u32>(word) << vec4<u32>(24u, 16u, 8u, 0u)) >> vec4<u32>(24u));
}

fn scale_of(block: u32) -> f32 {
  return unpack2x16float(scales[block >> 1u])[block & 1u];
}

fn weight4(row: u32, k4: u32) -> vec4<f32> {
  let index = row * (params.inputs >> 2u) + k4;
  return widen(words[index >> 2u][index & 3u]) * scale_of(index >> 3u);
}

fn load_chunk(row: u32, chunk: u32) -> array<vec4<f32>, CHUNK4> {
  let index = row * (params.inputs >> 4u) + chunk;
  let word = words[index];
  let scale = scale_of(index >> 1u);
  return array<vec4<f32>, CHUNK4>(widen(word.x) * scale, widen(word.y) * scale, widen(word.z) * scale, widen(word.w) * scale);
}
