// The 8 shares of 8 outputs come together through workgroup memory: works on every device.
// Neighbouring invocations work on neighbouring outputs.

var<workgroup> parts: array<vec4<f32>, 64>;  // [8 shares, 8 outputs], a row in each component

fn output_of(lane: u32) -> u32 {
  return lane & 7u;
}

fn share_of(lane: u32) -> u32 {
  return lane >> 3u;
}

// The sum of a value over all invocations; every one of them takes part and gets it.
fn over_all(lane: u32, own: vec4<f32>) -> vec4<f32> {
  parts[lane] = own;
  workgroupBarrier();
  for (var half = 32u; half > 0u; half >>= 1u) {
    if (lane < half) {
      parts[lane] += parts[lane + half];
    }
    workgroupBarrier();
  }
  let sum = parts[0];
  workgroupBarrier();
  return sum;
}

// Every invocation hands in its share; after the next barrier `total` knows the sums.
fn gather(lane: u32, own: vec4<f32>) {
  parts[lane] = own;
}

fn total(output: u32, row: u32) -> f32 {
  var sum = 0.0;
  for (var share = 0u; share < 8u; share++) {
    sum += parts[8u * share + output][row];
  }
  return sum;
}
