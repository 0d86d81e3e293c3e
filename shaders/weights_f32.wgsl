// Reading weights [rows, columns] kept as f32. `words` is array<vec4<u32>>, one vec4 for four columns.
const CHUNK4: u32 = 1u;  // vec4s of columns that `load_chunk` widens at once

fn weight4(row: u32, k4: u32) -> vec4<f32> {
  return bitcast<vec4<f32>>(words[row * (params.inputs >> 2u) + k4]);
}

fn load_chunk(row: u32, chunk: u32) -> array<vec4<f32>, CHUNK4> {
  return array<vec4<f32>, CHUNK4>(weight4(row, chunk));
}
