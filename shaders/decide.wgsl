// Grounded decoding on the GPU (docs/ARCHITECTURE.md, point 9): scores the tokens that may come next from the language model's logits
// and the pointer, chooses, and follows whatever has one continuation, until the model has to be asked again or the answer ends.
// One workgroup. The host reads the head of `state` once per submit; nothing of a token step goes back.
//
// A unit is a sentence (or clause, opening, connective) of the sources: a run of tokens that an answer holds whole. Candidates are one
// per distinct token: continuations of the matched units first, then starts of units, then the end of the answer.

struct Params {
  units: u32,         // counts of the tables below are per question and stand in `counts`; these are their places
  vocabulary: u32,    // counts[vocabulary]: tokens an answer can hold
  ends: u32,          // counts[ends]: prompt positions of the end token
  pending: u32,       // counts[pending]: rows of the decoder's next call
  base: u32,          // counts[base]: position of the first of them
  go: u32,            // counts[go]: 1: the next call reads all that is queued, so that a choice can follow
  max_rows: u32,      // most rows of a call
  max_units: u32,     // room for units in `tables` and `state`
  max_vocabulary: u32,
  max_ends: u32,
}

@group(0) @binding(0) var<storage, read>       logits:    array<f32>;        // [vocabulary]
@group(0) @binding(1) var<storage, read>       attention: array<f32>;        // [L_max + 1]: a, and g in the last place
@group(0) @binding(2) var<storage, read>       units:     array<Unit>;       // [units]
@group(0) @binding(3) var<storage, read>       tables:    array<u32>;        // vocabulary ids, end positions, tokens of the units (as places in the vocabulary)
@group(0) @binding(4) var<storage, read_write> state:     State;
@group(0) @binding(5) var<storage, read_write> counts:    array<u32>;
@group(0) @binding(6) var<storage, read_write> ids:       array<u32>;        // the answer's tokens, the start token first
@group(0) @binding(7) var<uniform>             params:    Params;

const NONE: u32 = 0xffffffffu;
const TEXT: u32 = 1u;
const OPENING: u32 = 2u;
const CONNECTIVE: u32 = 3u;

const EVENTS: u32 = 64u;

struct Unit {
  first: u32,     // place of its first token in the units' part of `tables`
  length: u32,    // tokens
  kind: u32,      // TEXT, OPENING or CONNECTIVE
  position: u32,  // prompt position of its first token; NONE for openings and connectives
  prior: f32,     // how likely an answer starts it before the model has read it
  same: u32,      // lowest index of a unit of identical tokens
}

struct Event {
  unit: u32,       // the unit the answer holds next
  score: f32,      // least probability of the choices that led to it
  tokens: u32,     // tokens of the answer by then
  decisions: u32,  // choices by then
}

struct Progress {
  matched: u32,    // 1: the answer may be in this unit
  used: u32,
  chosen: u32,     // 1: the chosen candidate continues or starts this unit
  pointed: f32,    // pointer mass gathered
  candidate: u32,  // place in the vocabulary of the token it would go on with; NONE
  starts: u32,     // 1: that token would start it
  pad_0: u32,
  pad_1: u32,
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
  offset: u32,
  announced: u32,
  last: u32,        // kind of the last settled unit; 0: none
  written: u32,     // text units
  score: f32,
  // Limits.
  max_tokens: u32,
  max_written: u32,
  end_token: u32,   // the end's place in the vocabulary
  jump_forward: u32,
  pad_0: u32,
  pad_1: u32,
  pad_2: u32,
  progress: array<Progress>,
}

struct Best {
  score: f32,
  order: u32,
}

var<workgroup> orders: array<u32, 256>;
var<workgroup> go_on: u32;

{{reduction}}

fn token(unit: u32, offset: u32) -> u32 {
  return tables[params.max_vocabulary + params.max_ends + units[unit].first + offset];
}

// --- what follows is run by the first invocation alone ---

fn settle_candidates(count: u32) -> u32 {
  // Every unit's next token, and how many distinct candidates there are (at most 2 are counted).
  var matched = 0u;
  var ended = NONE;
  for (var u = 0u; u < count; u++) {
    state.progress[u].candidate = NONE;
    state.progress[u].starts = 0u;
    if (state.progress[u].matched == 1u) {
      matched += 1u;
      if (state.offset < units[u].length) {
        state.progress[u].candidate = token(u, state.offset);
      } else if (ended == NONE) {
        ended = u;
      }
    }
  }
  var after_text = false;
  if (matched == 0u || ended != NONE) {
    var last = state.last;
    if (ended != NONE) {
      last = units[ended].kind;
    }
    after_text = last == TEXT;
    let unannounced = select(0u, 1u, state.announced == 0u && after_text);
    let more_text = state.written + unannounced < state.max_written;
    let room = state.max_tokens - min(state.max_tokens, state.tokens);
    for (var u = 0u; u < count; u++) {
      let kind = units[u].kind;
      let may_start = (kind == TEXT && more_text) || (kind == OPENING && last == 0u) || (kind == CONNECTIVE && after_text && more_text);
      if (may_start && state.progress[u].used == 0u && state.progress[u].matched == 0u && units[u].length <= room) {
        state.progress[u].candidate = token(u, 0u);
        state.progress[u].starts = 1u;
      }
    }
  }
  // A token that continues a matched unit is not also the start of another.
  if (matched > 0u) {
    for (var u = 0u; u < count; u++) {
      if (state.progress[u].starts == 1u) {
        for (var v = 0u; v < count; v++) {
          if (state.progress[v].starts == 0u && state.progress[v].candidate == state.progress[u].candidate) {
            state.progress[u].candidate = NONE;
            state.progress[u].starts = 0u;
            break;
          }
        }
      }
    }
  }
  var distinct = select(0u, 1u, after_text);
  end_is_candidate = after_text;
  var first = NONE;
  for (var u = 0u; u < count; u++) {
    let candidate = state.progress[u].candidate;
    if (candidate != NONE && candidate != first) {
      distinct += 1u;
      if (first != NONE) {
        return 2u;
      }
      first = candidate;
    }
  }
  return min(distinct, 2u);
}

// What `settle_candidates` has left: whether the end of the answer is a candidate, and how many there are (2: or more).
var<private> end_is_candidate: bool;
var<private> choices: u32;

fn is_settled(count: u32) -> bool {
  var same = NONE;
  for (var u = 0u; u < count; u++) {
    if (state.progress[u].matched == 1u) {
      if (same != NONE && units[u].same != same) {
        return false;
      }
      same = units[u].same;
    }
  }
  return same != NONE;
}

fn announce(count: u32) {
  var unit = NONE;
  for (var u = 0u; u < count; u++) {
    if (state.progress[u].matched == 1u && (unit == NONE || state.progress[u].pointed > state.progress[unit].pointed)) {
      unit = u;
    }
  }
  for (var u = 0u; u < count; u++) {
    if (state.progress[u].matched == 1u) {
      state.progress[u].used = 1u;
      state.progress[u].matched = 0u;
    }
  }
  state.progress[unit].matched = 1u;
  state.announced = 1u;
  state.last = units[unit].kind;
  if (units[unit].kind == TEXT) {
    state.written += 1u;
  }
  if (state.event_count < EVENTS) {
    state.events[state.event_count] = Event(unit, state.score, state.tokens, state.decisions);
    state.event_count += 1u;
  }
}

// Marks the units of a candidate. Its token is `row`; NONE is the end.
fn mark(count: u32, row: u32, starts: u32) {
  for (var u = 0u; u < count; u++) {
    let belongs = row != NONE && state.progress[u].candidate == row && state.progress[u].starts == starts;
    state.progress[u].chosen = select(0u, 1u, belongs);
  }
}

fn follow(count: u32, row: u32, starts: u32, score: f32) {
  if (row == NONE) {
    state.finished = 1u;
    return;
  }
  if (starts == 0u) {
    state.offset += 1u;
    state.score = min(state.score, score);
  } else {
    state.offset = 1u;
    state.announced = 0u;
    state.score = score;
  }
  for (var u = 0u; u < count; u++) {
    state.progress[u].matched = state.progress[u].chosen;
  }
  ids[state.queued] = tables[row];
  state.queued += 1u;
  state.tokens += 1u;
}

fn take(count: u32, row: u32, starts: u32, score: f32) {
  mark(count, row, starts);
  if ((starts == 1u || row == NONE) && state.announced == 0u) {
    // The text so far is one whole unit and the beginning of a longer one; leaving it settles which it was.
    for (var u = 0u; u < count; u++) {
      if (units[u].length != state.offset) {
        state.progress[u].matched = 0u;
      }
    }
    announce(count);
  }
  follow(count, row, starts, score);
}

// Follows single candidates until there is a choice; false when the answer is complete.
fn advance(count: u32) -> bool {
  loop {
    if (state.finished == 1u) {
      return false;
    }
    if (state.announced == 0u && is_settled(count)) {
      announce(count);
    }
    choices = settle_candidates(count);
    if (choices == 0u) {
      state.finished = 1u;
      return false;
    }
    if (choices > 1u || state.jump_forward == 0u) {
      return true;
    }
    if (end_is_candidate) {
      take(count, NONE, 1u, 1.0);
      continue;
    }
    for (var u = 0u; u < count; u++) {
      if (state.progress[u].candidate != NONE) {
        take(count, state.progress[u].candidate, state.progress[u].starts, 1.0);
        break;
      }
    }
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
    counts[params.pending] = min(left, params.max_rows);
    counts[params.base] = state.read;
    counts[params.go] = select(0u, 1u, left > 0u && left <= params.max_rows);
  }
}

fn choose(lane: u32) {
  if (lane == 0u) {
    // Before the first choice the candidates are not known yet.
    go_on = 0u;
    if (advance(counts[params.units])) {
      // Something to choose from, and the model has read everything: unless tokens were followed just now.
      go_on = select(0u, 1u, state.queued == state.read);
    }
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
  var best = Best(-1.0, NONE);
  var own_total = 0.0;
  for (var u = lane; u < count; u += 256u) {
    let candidate = state.progress[u].candidate;
    let starts = state.progress[u].starts;
    if (candidate != NONE) {
      var first = true;
      var prior = 0.0;
      var copied = 0.0;
      for (var v = 0u; v < count; v++) {
        if (state.progress[v].candidate != candidate || state.progress[v].starts != starts) {
          continue;
        }
        if (v < u) {
          first = false;
          break;
        }
        prior = max(prior, units[v].prior);
        if (units[v].position != NONE) {
          let at = units[v].position + select(state.offset, 0u, starts == 1u);
          copied += attention[at] * units[v].prior;
        }
      }
      if (first) {
        let score = share * (exp(logits[candidate] - peak) / mass) * prior + (1.0 - share) * copied;
        own_total += score;
        let order = u + select(0u, count, starts == 1u);
        if (score > best.score || (score == best.score && order < best.order)) {
          best = Best(score, order);
        }
      }
    }
  }
  parts[lane] = best.score;
  orders[lane] = best.order;
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
  let found = Best(parts[0], orders[0]);
  workgroupBarrier();
  var sum = total(lane, own_total);
  if (lane != 0u) {
    return;
  }
  // The end of the answer comes last: it wins only if it is strictly better.
  var score = found.score;
  var row = NONE;
  var starts = 1u;
  if (found.order != NONE) {
    let unit = found.order % count;
    row = state.progress[unit].candidate;
    starts = state.progress[unit].starts;
  }
  if (end_is_candidate) {
    var copied = 0.0;
    for (var i = 0u; i < counts[params.ends]; i++) {
      copied += attention[tables[params.max_vocabulary + i]];
    }
    let end = share * (exp(logits[state.end_token] - peak) / mass) + (1.0 - share) * copied;
    sum += end;
    if (end > score) {
      score = end;
      row = NONE;
      starts = 1u;
    }
  }
  if (!(sum < 3.0e38)) {
    state.not_finite = 1u;
    return;
  }
  state.decisions += select(0u, 1u, choices > 1u);
  if (row != NONE) {
    for (var u = 0u; u < count; u++) {
      let belongs = state.progress[u].candidate == row && state.progress[u].starts == starts;
      if (belongs && units[u].position != NONE) {
        let at = units[u].position + select(state.offset, 0u, starts == 1u);
        state.progress[u].pointed += attention[at] * units[u].prior;
      }
    }
  }
  var probability = 0.0;
  if (sum > 0.0) {
    probability = score / sum;
  }
  take(count, row, starts, probability);
  advance(count);
}
