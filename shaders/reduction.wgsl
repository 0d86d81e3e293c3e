// Sums and maxima over the {{lanes}} invocations of a workgroup by halving; every invocation takes part and gets the result.

var<workgroup> parts: array<{{of}}, {{lanes}}>;

fn total(lane: u32, own: {{of}}) -> {{of}} {
  parts[lane] = own;
  workgroupBarrier();
  for (var half = {{lanes}}u >> 1u; half > 0u; half >>= 1u) {
    if (lane < half) {
      parts[lane] += parts[lane + half];
    }
    workgroupBarrier();
  }
  let sum = parts[0];
  workgroupBarrier();
  return sum;
}

fn largest(lane: u32, own: {{of}}) -> {{of}} {
  parts[lane] = own;
  workgroupBarrier();
  for (var half = {{lanes}}u >> 1u; half > 0u; half >>= 1u) {
    if (lane < half) {
      parts[lane] = max(parts[lane], parts[lane + half]);
    }
    workgroupBarrier();
  }
  let peak = parts[0];
  workgroupBarrier();
  return peak;
}
