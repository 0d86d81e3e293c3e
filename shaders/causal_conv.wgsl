// Causal depthwise convolution of each channel over tokens: sum_k w[k] x_(t - (WIDTH - 1) + k) + bias, zeros to the left of the first
// token; backward it reads to the right (the convolution of the reversed sequence). With SiLU for Mamba-1; the shared stem adds x
// instead. One invocation makes one channel of one token.

struct Params {
  rows_at: u32,   // counts[rows_at]: tokens
  channels: u32,
  x_stride: u32,  // of a row of x, in f32; the channels stand first in it
}

@group(0) @binding(0) var<storage, read>       x:      array<f32>;  // [rows, x_stride]
@group(0) @binding(1) var<storage, read>       weight: array<f32>;  // [channels, WIDTH]
@group(0) @binding(2) var<storage, read>       bias:   array<f32>;  // [channels]
@group(0) @binding(3) var<storage, read_write> y:      array<f32>;  // [rows, channels]
@group(0) @binding(4) var<storage, read>       counts: array<u32>;
@group(0) @binding(5) var<uniform>             params: Params;

const WIDTH: i32 = {{width}};
const BACKWARD: bool = {{backward}};
const STEM: bool = {{stem}};

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let rows = i32(counts[params.rows_at]);
  let token = i32(group.y);
  let channel = group.x * 64u + lane;
  if (token >= rows || channel >= params.channels) {
    return;
  }
  var sum = bias[channel];
  for (var k = 0; k < WIDTH; k++) {
    let distance = WIDTH - 1 - k;
    let from_token = select(token - distance, token + distance, BACKWARD);
    if (from_token >= 0 && from_token < rows) {
      sum += weight[channel * u32(WIDTH) + u32(k)] * x[u32(from_token) * params.x_stride + channel];
    }
  }
  let at = group.y * params.channels + channel;
  if (STEM) {
    y[at] = x[group.y * params.x_stride + channel] + sum;
  } else {
    y[at] = sum / (1.0 + exp(-clamp(sum, -80.0, 80.0)));
  }
}
