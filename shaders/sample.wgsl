// Free generation's choice: the likeliest token, or a draw among the top k after dividing log-probabilities by a temperature; notes the
// token with the prompt position it points at, and what the next decoder call has to read. One workgroup.
//
// Nothing is sorted. The order of a draw is that of falling probability, equal ones by the smaller token; since the bits of floats that
// are not negative rise with their values, the probability at a place of that order is found bit by bit from counts and sums of what is
// at least as likely.

struct Params {
  vocabulary_at: u32,  // counts[vocabulary_at]: tokens V, below 2^24
  distinct_at: u32,    // counts[distinct_at]: distinct tokens of the prompt
  pending_at: u32,     // counts[pending_at]: rows of the decoder's next call
  base_at: u32,        // counts[base_at]: position of the first of them
  go_at: u32,          // counts[go_at]: 1: the next call reads all that is queued, so that a choice can follow
  before_at: u32,      // counts[before_at]: tokens that the decoder reads before the answer
  max_rows: u32,       // most rows of a call
  room: u32,           // most prompt tokens, the length of each part of `merged`
  end: u32,            // the token that ends an answer
}

@group(0) @binding(0) var<storage, read>       probabilities: array<f32>;  // [V]
@group(0) @binding(1) var<storage, read>       attention:     array<f32>;  // [L_max + 1]: a, and g in the last place
@group(0) @binding(2) var<storage, read>       merged:        array<u32>;  // [3, room]: distinct tokens, ends of their runs, positions by token
@group(0) @binding(3) var<storage, read>       draws:         array<f32>;  // [T_max] in 0..1, below 1
@group(0) @binding(4) var<storage, read_write> state:         State;
@group(0) @binding(5) var<storage, read_write> counts:        array<u32>;
@group(0) @binding(6) var<storage, read_write> ids:           array<u32>;  // what the decoder reads before the answer, and the answer's tokens
@group(0) @binding(7) var<uniform>             params:        Params;

const NONE: u32 = 0xffffffffu;
const TINY: f32 = 1.17549435e-38;  // the smallest normal number

const ENDED: u32 = 1u;  // by the model
const FULL: u32 = 2u;   // as many tokens as allowed

struct Token {
  id: u32,
  source: u32,       // the position of the same token that the pointer favours; NONE where it has no mass
  copied: f32,       // the part of its probability that was copied
  probability: f32,
}

struct State {
  finished: u32,     // 0, ENDED or FULL
  tokens: u32,
  not_finite: u32,
  calls: u32,
  read: u32,         // tokens of `ids` that the decoder has read
  max_tokens: u32,
  top_k: u32,        // 0: all; 1: the likeliest
  temperature: f32,
  written: array<Token>,
}

var<workgroup> flag: u32;

{{reduction}}

// The first invocation's value for all, in a way that a compiler sees to be uniform.
fn agreed(lane: u32, value: u32) -> u32 {
  if (lane == 0u) {
    flag = value;
  }
  return workgroupUniformLoad(&flag);
}

fn key(token: u32) -> u32 {
  return bitcast<u32>(probabilities[token]);
}

// How many of the tokens below `limit` have a key of at least `bound` and at most `most`.
fn count_keys(lane: u32, limit: u32, bound: u32, most: u32) -> f32 {
  var own = 0.0;
  for (var v = lane; v < limit; v += 256u) {
    own += select(0.0, 1.0, key(v) >= bound && key(v) <= most);
  }
  return total(lane, own);
}

// The smallest token of this key.
fn first_of(lane: u32, vocabulary: u32, wanted: u32) -> u32 {
  var own = f32(vocabulary);
  for (var v = lane; v < vocabulary; v += 256u) {
    if (key(v) == wanted) {
      own = f32(v);
      break;
    }
  }
  return u32(-largest(lane, -own));
}

// The nth token of this key, counted from 1: the largest limit below which there are fewer.
fn nth_of(lane: u32, vocabulary: u32, wanted: u32, nth: f32) -> u32 {
  var found = 0u;
  for (var bit = 1u << 23u; bit > 0u; bit >>= 1u) {
    let candidate = min(found | bit, vocabulary);
    if (count_keys(lane, candidate, wanted, wanted) < nth) {
      found = candidate;
    }
  }
  return found;
}

// Those of the draw: the keys above `least`, and of the tokens with that key those up to `last`.
struct Kept {
  least: u32,
  last: u32,
}

fn kept(lane: u32, vocabulary: u32, top_k: u32) -> Kept {
  var least = 0u;
  for (var bit = 1u << 30u; bit > 0u; bit >>= 1u) {
    if (count_keys(lane, vocabulary, least | bit, NONE) >= f32(top_k)) {
      least |= bit;
    }
  }
  let above = count_keys(lane, vocabulary, least + 1u, NONE);
  let equals = count_keys(lane, vocabulary, least, least);
  var last = NONE;
  if (agreed(lane, select(0u, 1u, above + equals > f32(top_k))) == 1u) {
    last = nth_of(lane, vocabulary, least, f32(top_k) - above);
  }
  return Kept(least, last);
}

// Weights of the kept tokens with a key of at least `bound`, summed.
fn weight_from(lane: u32, vocabulary: u32, among: Kept, bound: u32, top: f32) -> f32 {
  var own = 0.0;
  for (var v = lane; v < vocabulary; v += 256u) {
    let own_key = key(v);
    if (own_key >= bound && (own_key > among.least || (own_key == among.least && v <= among.last))) {
      own += weight(probabilities[v], top);
    }
  }
  return total(lane, own);
}

fn weight(probability: f32, top: f32) -> f32 {
  return exp((log(max(probability, TINY)) - top) / state.temperature);
}

fn drawn(lane: u32, vocabulary: u32, top_k: u32, peak: f32) -> u32 {
  var among = Kept(0u, NONE);
  if (agreed(lane, select(0u, 1u, top_k > 0u && top_k < vocabulary)) == 1u) {
    among = kept(lane, vocabulary, top_k);
  }
  let top = log(max(peak, TINY));
  let target_weight = draws[state.tokens] * weight_from(lane, vocabulary, among, 0u, top);
  var found = 0u;
  for (var bit = 1u << 30u; bit > 0u; bit >>= 1u) {
    if (weight_from(lane, vocabulary, among, found | bit, top) > target_weight) {
      found |= bit;
    }
  }
  // Of equal ones, the one that the rest of the draw falls on.
  let above = weight_from(lane, vocabulary, among, found + 1u, top);
  let limit = select(vocabulary, among.last + 1u, found == among.least && among.last != NONE);
  let equals = count_keys(lane, limit, found, found);
  if (agreed(lane, select(0u, 1u, equals > 1.0)) == 1u) {
    let each = weight(bitcast<f32>(found), top);
    let rank = clamp(floor((target_weight - above) / each), 0.0, equals - 1.0);
    return nth_of(lane, vocabulary, found, rank + 1.0);
  }
  return first_of(lane, vocabulary, found);
}

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) lane: u32) {
  var ready = 0u;
  if (lane == 0u && state.finished == 0u) {
    let rows = counts[params.pending_at];
    state.read += rows;
    state.calls += min(rows, 1u);
    ready = select(0u, 1u, state.read == state.tokens + counts[params.before_at]);
  }
  if (agreed(lane, ready) == 1u) {
    choose(lane);
  }
  if (lane == 0u) {
    let left = select(state.tokens + counts[params.before_at] - state.read, 0u, state.finished != 0u || state.not_finite == 1u);
    counts[params.pending_at] = min(left, params.max_rows);
    counts[params.base_at] = state.read;
    counts[params.go_at] = select(0u, 1u, left > 0u && left <= params.max_rows);
  }
}

fn choose(lane: u32) {
  let vocabulary = agreed(lane, counts[params.vocabulary_at]);
  let top_k = agreed(lane, state.top_k);
  var own_peak = 0.0;
  var own_sum = 0.0;
  for (var v = lane; v < vocabulary; v += 256u) {
    own_peak = max(own_peak, probabilities[v]);
    own_sum += probabilities[v];
  }
  let peak = largest(lane, own_peak);
  let sum = total(lane, own_sum);
  if (agreed(lane, select(1u, 0u, sum < 3.0e38)) == 1u) {
    if (lane == 0u) {
      state.not_finite = 1u;
    }
    return;
  }
  var chosen = 0u;
  if (top_k == 1u) {
    chosen = first_of(lane, vocabulary, bitcast<u32>(peak));
  } else {
    chosen = drawn(lane, vocabulary, top_k, peak);
  }
  if (lane == 0u) {
    note(min(chosen, vocabulary - 1u));
  }
}

// Run by the first invocation alone.
fn note(id: u32) {
  if (id == params.end) {
    state.finished = ENDED;
    return;
  }
  var token = Token(id, NONE, 0.0, probabilities[id]);
  var low = 0u;
  var high = counts[params.distinct_at];
  let distinct = high;
  while (low < high) {
    let middle = (low + high) >> 1u;
    if (merged[middle] < id) {
      low = middle + 1u;
    } else {
      high = middle;
    }
  }
  if (low < distinct && merged[low] == id) {
    var first = 0u;
    if (low > 0u) {
      first = merged[params.room + low - 1u];
    }
    var best = 0.0;
    var mass = 0.0;
    for (var p = first; p < merged[params.room + low]; p++) {
      let position = merged[2u * params.room + p];
      mass += attention[position];
      if (attention[position] > best) {
        best = attention[position];
        token.source = position;
      }
    }
    token.copied = (1.0 - attention[arrayLength(&attention) - 1u]) * mass;
  }
  state.written[state.tokens] = token;
  ids[state.tokens + counts[params.before_at]] = id;
  state.tokens += 1u;
  if (state.tokens == state.max_tokens) {
    state.finished = FULL;
  }
}
