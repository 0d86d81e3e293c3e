// The 8 shares of 8 outputs come together within a subgroup of at least 8 invocations: two barriers instead of eight.
// Neighbouring invocations work on neighbouring columns of the same output, so that a row of weights is read in one piece.

var<workgroup> parts: array<vec4<f32>, 8>;  // [8 outputs], a row in each component

fn output_of(lane: u32) -> u32 {
  return lane >> 3u;
}

fn share_of(lane: u32) -> u32 {
  return lane & 7u;
}

// The sum over the eight invocations of an output.
fn over_shares(own: vec4<f32>) -> vec4<f32> {
  var sum = own + subgroupShuffleXor(own, 1u);
  sum += subgroupShuffleXor(sum, 2u);
  return sum + subgroupShuffleXor(sum, 4u);
}

// The sum of a value over all invocations; every one of them takes part and gets it.
fn total(lane: u32, own: vec4<f32>) -> vec4<f32> {
  gather(lane, own);
  workgroupBarrier();
  var sum = parts[0];
  for (var output = 1u; output < 8u; output++) {
    sum += parts[output];
  }
  workgroupBarrier();
  return sum;
}

// Every invocation hands in its share; after the next barrier `sum_of` knows the sums.
fn gather(lane: u32, own: vec4<f32>) {
  let sum = over_shares(own);
  if (share_of(lane) == 0u) {
    parts[output_of(lane)] = sum;
  }
}

fn sum_of(output: u32, row: u32) -> f32 {
  return parts[output][row];
}
