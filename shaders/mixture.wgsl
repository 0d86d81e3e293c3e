// P(v) = g softmax(logits)_v + (1 - g) sum of a_t over the prompt positions t that hold v (See et al. 2017, eq. 9): what free generation
// chooses from. Positions of one token are added in ascending order, as the reference does. One workgroup.

struct Params {
  vocabulary_at: u32,  // counts[vocabulary_at]: tokens V
  distinct_at: u32,    // counts[distinct_at]: distinct tokens of the prompt
  go_at: u32,          // counts[go_at]: 0: nothing to do
  room: u32,           // most prompt tokens, the length of each part of `merged`
}

@group(0) @binding(0) var<storage, read>       logits:        array<f32>;  // [V]
@group(0) @binding(1) var<storage, read>       attention:     array<f32>;  // [L_max + 1]: a, and g in the last place
@group(0) @binding(2) var<storage, read>       merged:        array<u32>;  // [3, room]: distinct tokens, ends of their runs, positions by token
@group(0) @binding(3) var<storage, read_write> probabilities: array<f32>;  // [V]
@group(0) @binding(4) var<storage, read>       counts:        array<u32>;
@group(0) @binding(5) var<uniform>             params:        Params;

{{reduction}}

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) lane: u32) {
  if (counts[params.go_at] == 0u) {
    return;
  }
  let vocabulary = counts[params.vocabulary_at];
  var peak = -3.0e38;
  for (var v = lane; v < vocabulary; v += 256u) {
    peak = max(peak, logits[v]);
  }
  peak = largest(lane, peak);
  var mass = 0.0;
  for (var v = lane; v < vocabulary; v += 256u) {
    let weight = exp(logits[v] - peak);
    probabilities[v] = weight;
    mass += weight;
  }
  mass = total(lane, mass);
  let share = attention[arrayLength(&attention) - 1u];
  for (var v = lane; v < vocabulary; v += 256u) {
    probabilities[v] = probabilities[v] / mass * share;
  }
  storageBarrier();
  for (var i = lane; i < counts[params.distinct_at]; i += 256u) {
    var first = 0u;
    if (i > 0u) {
      first = merged[params.room + i - 1u];
    }
    let v = merged[i];
    var probability = probabilities[v];
    for (var p = first; p < merged[params.room + i]; p++) {
      probability += (1.0 - share) * attention[merged[2u * params.room + p]];
    }
    probabilities[v] = probability;
  }
}
