// What matmul_tile and matmul_rows share: their buffers, the optional norm of x, and the way a sum is stored.

struct Params {
  rows_at: u32,    // counts[rows_at]: rows of this call
  inputs: u32,     // columns, a multiple of 4 (of 32 where the weights are quantised)
  outputs: u32,    // a multiple of 4 with the gated epilogue
  x_stride: u32,   // of a row of x, in vec4
  x_offset: u32,   // of the first column in a row of x, in vec4
  y_stride: u32,   // of a row of y, in f32
  y_row_at: u32,   // counts[y_row_at]: where the first row goes; NOWHERE: to row 0
  epsilon: f32,    // of the norm
}

@group(0) @binding(0) var<storage, read>       x:      array<vec4<f32>>;  // [rows, x_stride]
@group(0) @binding(1) var<storage, read>       words:  array<vec4<u32>>;  // [outputs, inputs], by format
@group(0) @binding(2) var<storage, read>       scales: array<u32>;        // [outputs, inputs / 64], by format
@group(0) @binding(3) var<storage, read>       aux:    array<f32>;        // norm weight [inputs] or bias [outputs]
@group(0) @binding(4) var<storage, read_write> y:      array<f32>;        // [rows, y_stride]
@group(0) @binding(5) var<storage, read>       counts: array<u32>;
@group(0) @binding(6) var<uniform>             params: Params;

const NOWHERE: u32 = 0xffffffffu;
const NORM: bool = {{norm}};

{{weights}}
{{epilogue_functions}}

fn norm_weight(k4: u32) -> vec4<f32> {
  if (!NORM) {
    return vec4<f32>(1.0);
  }
  return vec4<f32>(aux[4u * k4], aux[4u * k4 + 1u], aux[4u * k4 + 2u], aux[4u * k4 + 3u]);
}

fn first_row() -> u32 {
  if (params.y_row_at == NOWHERE) {
    return 0u;
  }
  return counts[params.y_row_at];
}

fn store(row: u32, output: u32, sum: f32) {
  let at = row * params.y_stride + output;
  var value = sum;
  if (EPILOGUE == BIAS || EPILOGUE == BIAS_SILU) {
    value += aux[output];
  }
  if (EPILOGUE == BIAS_SILU) {
    value = silu(value);
  }
  if (EPILOGUE == RESIDUAL) {
    value += y[at];
  }
  y[at] = value;
}
