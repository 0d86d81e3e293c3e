// Order-preserving dispatch: the positions of each expert's tokens by a prefix sum, each token's place among them, and their numbers.
// One workgroup walks the tokens 256 at a time; nothing goes back to the host.

struct Params {
  rows_at: u32,    // counts[rows_at]: tokens L
  et5_at: u32,     // counts[et5_at]: set to the number of tokens on ET5
  emamba_at: u32,  // counts[emamba_at]: set to the number of tokens on EMamba
}

@group(0) @binding(0) var<storage, read_write> routes: array<vec4<u32>>;  // [L] (expert, place, weight bits, 0)
@group(0) @binding(1) var<storage, read_write> et5:    array<u32>;        // [L] positions, ascending
@group(0) @binding(2) var<storage, read_write> emamba: array<u32>;        // [L] positions, ascending
@group(0) @binding(3) var<storage, read_write> counts: array<u32>;
@group(0) @binding(4) var<uniform>             params: Params;

var<workgroup> sums: array<u32, 256>;
var<workgroup> rows: u32;

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) lane: u32) {
  if (lane == 0u) {
    rows = counts[params.rows_at];
  }
  let total = workgroupUniformLoad(&rows);
  var before = 0u;  // tokens on EMamba in earlier rounds
  for (var start = 0u; start < total; start += 256u) {
    let token = start + lane;
    var mine = 0u;
    if (token < total) {
      mine = routes[token].x;
    }
    sums[lane] = mine;
    workgroupBarrier();
    for (var reach = 1u; reach < 256u; reach <<= 1u) {
      var left = 0u;
      if (lane >= reach) {
        left = sums[lane - reach];
      }
      workgroupBarrier();
      sums[lane] += left;
      workgroupBarrier();
    }
    let through = before + sums[lane];  // tokens on EMamba up to and including this one
    if (token < total) {
      if (mine == 1u) {
        emamba[through - 1u] = token;
        routes[token].y = through - 1u;
      } else {
        et5[token - through] = token;
        routes[token].y = token - through;
      }
    }
    before += sums[255];
    workgroupBarrier();
  }
  if (lane == 0u) {
    counts[params.et5_at] = total - before;
    counts[params.emamba_at] = before;
  }
}
