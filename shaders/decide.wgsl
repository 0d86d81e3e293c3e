// Grounded decoding on the GPU (docs/ARCHITECTURE.md, point 9): scores the units that may come next from the language model's logits
// and the pointer, chooses, and queues the tokens of the chosen one for the decoder, until the model has to be asked again or the
// answer ends. One workgroup. The host reads the head of `state` once per submit; nothing of a token step goes back.
//
// A unit is a sentence (or clause, opening, connective) of the sources: a run of tokens that an answer holds whole. Candidates are one
// per distinct text, then the end of the answer.

struct Params {
  units: u32,         // counts of the tables below are per question and stand in `counts`; these are their places
  vocabulary: u32,    // counts[vocabulary]: tokens that a unit can begin with, and the end
  ends: u32,          // counts[ends]: prompt positions of the end token
  pending: u32,       // counts[pending]: rows of the decoder's next call
  base: u32,          // counts[base]: position of the first of them
  go: u32,            // counts[go]: 1: the next call reads all that is queued, so that a choice can follow
  max_rows: u32,      // most rows of a call
  max_vocabulary: u32,
  max_ends: u32,
  copies: u32,        // 1: there is a copy head
}

@group(0) @binding(0) var<storage, read>       logits:    array<f32>;        // [vocabulary]
@group(0) @binding(1) var<storage, read>       attention: array<f32>;        // [L_max + 1]: a, and g in the last place
@group(0) @binding(2) var<storage, read>       units:     array<Unit>;       // [units]
@group(0) @binding(3) var<storage, read>       tables:    array<u32>;        // vocabulary ids, end positions, ids of the units' tokens
@group(0) @binding(4) var<storage, read_write> state:     State;
@group(0) @binding(5) var<storage, read_write> counts:    array<u32>;
@group(0) @binding(6) var<storage, read_write> ids:       array<u32>;        // what the decoder reads before the answer, and the answer's tokens
@group(0) @binding(7) var<uniform>             params:    Params;

const NONE: u32 = 0xffffffffu;
const TEXT: u32 = 1u;
const OPENING: u32 = 2u;
const CONNECTIVE: u32 = 3u;

const EVENTS: u32 = 64u;
// The least normal number: below it lies what devices may take for zero.
const TINY: f32 = 1.17549435e-38;

struct Unit {
  first: u32,     // place of its first token in the units' part of `tables`
  length: u32,    // tokens
  kind: u32,      // TEXT, OPENING or CONNECTIVE
  position: u32,  // prompt position of its first token; NONE for openings and connectives
  prior: f32,     // how likely an answer starts it before the model has read it
  same: u32,      // lowest index of a unit of identical tokens
  row: u32,       // place of its first token in the vocabulary
}

struct Event {
  unit: u32,       // the unit the answer holds next
  score: f32,      // its probability among the candidates
  tokens: u32,     // tokens of the answer by then
  decisions: u32,  // choices by then
}

struct State {
  // What the host reads.
  finished: u32,
  event_count: u32,
  tokens: u32,
  decisions: u32,
  calls: u32,
  not_finite: u32,
  queued: u32,      // tokens in `ids`
  read: u32,        // of which the decoder has read
  events: array<Event, EVENTS>,
  // The answer so far.
  last: u32,        // kind of the last unit; 0: none
  written: u32,     // text units
  // Limits.
  max_tokens: u32,
  max_written: u32,
  end_row: u32,     // the end's place in the vocabulary
  jump_forward: u32,
  end_prior: f32,   // what the end is multiplied by, as a unit is by its prior
  weight_first: f32, // power of the pointer's mass before there is a sentence of a text
  weight_then: f32,  // and from then on
  used: array<u32>, // [units]
}

var<workgroup> orders: array<u32, 256>;
var<workgroup> go_on: u32;

{{reduction}}

fn may_end() -> bool {
  return state.last == TEXT;
}

fn may_start(u: u32) -> bool {
  let kind = units[u].kind;
  let more_text = state.written < state.max_written;
  let in_place = (kind == TEXT && more_text) || (kind == OPENING && state.last == 0u) || (kind == CONNECTIVE && may_end() && more_text);
  return in_place && state.used[u] == 0u && units[u].length <= state.max_tokens - min(state.max_tokens, state.tokens);
}

// Whether no earlier unit that may start holds the same text.
fn stands_for_its_text(u: u32) -> bool {
  for (var v = units[u].same; v < u; v++) {
    if (units[v].same == units[u].same && may_start(v)) {
      return false;
    }
  }
  return true;
}

// --- what follows is run by the first invocation alone ---

// How many candidates there are (2: or more), and the first of them; NONE is the end.
var<private> candidates: u32;
var<private> first_candidate: u32;

fn count_candidates(count: u32) {
  candidates = select(0u, 1u, may_end());
  first_candidate = NONE;
  for (var u = 0u; u < count && candidates < 2u; u++) {
    if (may_start(u) && stands_for_its_text(u)) {
      candidates += 1u;
      first_candidate = u;
    }
  }
}

// Puts a unit behind the answer; NONE ends it. Neither it nor another of its text comes again.
fn write(count: u32, unit: u32, score: f32) {
  if (unit == NONE) {
    state.finished = 1u;
    return;
  }
  for (var u = units[unit].same; u < count; u++) {
    if (units[u].same == units[unit].same) {
      state.used[u] = 1u;
    }
  }
  let first = params.max_vocabulary + params.max_ends + units[unit].first;
  for (var i = 0u; i < units[unit].length; i++) {
    ids[state.queued + i] = tables[first + i];
  }
  state.queued += units[unit].length;
  state.tokens += units[unit].length;
  state.last = units[unit].kind;
  if (units[unit].kind == TEXT) {
    state.written += 1u;
  }
  if (state.event_count < EVENTS) {
    state.events[state.event_count] = Event(unit, score, state.tokens, state.decisions);
    state.event_count += 1u;
  }
}

// Takes single candidates until there is a choice; false when the answer is complete.
fn advance(count: u32) -> bool {
  while (state.finished == 0u) {
    count_candidates(count);
    if (candidates > 1u || (candidates == 1u && state.jump_forward == 0u)) {
      return true;
    }
    write(count, first_candidate, 1.0);
  }
  return false;
}

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) lane: u32) {
  if (lane == 0u) {
    go_on = 0u;
    if (state.finished == 0u) {
      state.read += counts[params.pending];
      if (counts[params.pending] > 0u) {
        state.calls += 1u;
      }
      go_on = select(0u, 1u, state.read == state.queued);
    }
  }
  let choosing = workgroupUniformLoad(&go_on);
  if (choosing == 1u) {
    choose(lane);
  }
  if (lane == 0u) {
    let left = select(state.queued - state.read, 0u, state.finished == 1u || state.not_finite == 1u);
    let most = select(1u, params.max_rows, state.jump_forward == 1u);
    counts[params.pending] = min(left, most);
    counts[params.base] = state.read;
    counts[params.go] = select(0u, 1u, left > 0u && left <= most);
  }
}

fn choose(lane: u32) {
  if (lane == 0u) {
    // Before the first choice the candidates are not known yet. Something to choose from, and the model has read everything: unless a
    // single candidate was taken just now.
    let asked = advance(counts[params.units]) && state.queued == state.read;
    go_on = select(0u, 1u, asked);
  }
  if (workgroupUniformLoad(&go_on) == 0u) {
    return;
  }
  if (lane == 0u) {
    go_on = counts[params.vocabulary];
  }
  let vocabulary = workgroupUniformLoad(&go_on);
  var peak = -3.0e38;
  for (var v = lane; v < vocabulary; v += 256u) {
    peak = max(peak, logits[v]);
  }
  peak = largest(lane, peak);
  var mass = 0.0;
  for (var v = lane; v < vocabulary; v += 256u) {
    mass += exp(logits[v] - peak);
  }
  mass = total(lane, mass);
  let share = attention[arrayLength(&attention) - 1u];

  let count = counts[params.units];
  storageBarrier();
  var own_copied = 0.0;
  for (var u = lane; u < count; u += 256u) {
    if (may_start(u)) {
      own_copied += from_source(u);
    }
  }
  var end_copied = 0.0;
  if (may_end()) {
    for (var i = 0u; i < counts[params.ends]; i++) {
      end_copied += state.end_prior * weighed(logarithm(tables[params.max_vocabulary + i]));
    }
  }
  let of_pointer = (1.0 - share) / max(total(lane, own_copied) + end_copied, TINY);

  var best = -1.0;
  var best_unit = NONE;
  var own_total = 0.0;
  for (var u = lane; u < count; u += 256u) {
    if (may_start(u) && stands_for_its_text(u)) {
      var prior = 0.0;
      var copied = 0.0;
      for (var v = u; v < count; v++) {
        if (units[v].same == units[u].same && may_start(v)) {
          prior = max(prior, units[v].prior);
          copied += from_source(v);
        }
      }
      // The pointer chooses among what stands in a text, the language model proposes what does not.
      let generated = share * (exp(logits[units[u].row] - peak) / mass) * prior;
      let score = select(generated, of_pointer * copied, units[u].kind == TEXT && params.copies == 1u);
      own_total += score;
      if (score > best) {
        best = score;
        best_unit = u;
      }
    }
  }
  parts[lane] = best;
  orders[lane] = best_unit;
  workgroupBarrier();
  for (var half = 128u; half > 0u; half >>= 1u) {
    if (lane < half) {
      let other = parts[lane + half];
      if (other > parts[lane] || (other == parts[lane] && orders[lane + half] < orders[lane])) {
        parts[lane] = other;
        orders[lane] = orders[lane + half];
      }
    }
    workgroupBarrier();
  }
  var score = parts[0];
  var chosen = orders[0];
  workgroupBarrier();
  var sum = total(lane, own_total);
  if (lane != 0u) {
    return;
  }
  // The end of the answer comes last: it wins only if it is strictly better.
  if (may_end()) {
    let generated = share * state.end_prior * exp(logits[state.end_row] - peak) / mass;
    let end = select(generated, of_pointer * end_copied, params.copies == 1u);
    sum += end;
    if (chosen == NONE || end > score) {
      score = end;
      chosen = NONE;
    }
  }
  if (!(sum < 3.0e38)) {
    state.not_finite = 1u;
    return;
  }
  state.decisions += select(0u, 1u, candidates > 1u);
  // Of identical texts the one that the pointer favours.
  if (chosen != NONE) {
    for (var v = chosen + 1u; v < count; v++) {
      if (units[v].same == units[chosen].same && may_start(v) && from_source(v) > from_source(chosen)) {
        chosen = v;
      }
    }
  }
  var probability = 0.0;
  if (sum > 0.0) {
    probability = score / sum;
  }
  write(count, chosen, probability);
  advance(count);
}

fn logarithm(at: u32) -> f32 {
  return log(max(attention[at], TINY));
}

fn weighed(log_mass: f32) -> f32 {
  return exp(select(state.weight_then, state.weight_first, state.written == 0u) * log_mass);
}

// The geometric mean of the pointer's mass over a unit's tokens, by the unit's prior; nothing for what stands in no text.
fn from_source(u: u32) -> f32 {
  if (units[u].position == NONE) {
    return 0.0;
  }
  var sum = 0.0;
  for (var i = 0u; i < units[u].length; i++) {
    sum += logarithm(units[u].position + i);
  }
  return weighed(sum / f32(units[u].length)) * units[u].prior;
}
