// The 8 shares of 8 outputs come together through workgroup memory: works on every device.
// Neighbouring invocations work on neighbouring outputs.

// `parts` of the reduction holds [8 shares, 8 outputs], a row in each component.
{{reduction}}

fn output_of(lane: u32) -> u32 {
  return lane & 7u;
}

fn share_of(lane: u32) -> u32 {
  return lane >> 3u;
}

// Every invocation hands in its share; after the next barrier `sum_of` knows the sums.
fn gather(lane: u32, own: vec4<f32>) {
  parts[lane] = own;
}

fn sum_of(output: u32, row: u32) -> f32 {
  var sum = 0.0;
  for (var share = 0u; share < 8u; share++) {
    sum += parts[8u * share + output][row];
  }
  return sum;
}
