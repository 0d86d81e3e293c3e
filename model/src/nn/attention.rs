//! Multi-head attention (Vaswani et al. 2017), with or without scaling and an additive bias of the scores.
//!
//! Four queries at a time go through all keys of a head: scores, bias, softmax, mixture. Only these four rows of scores are ever
//! stored, not the matrix of all.

use super::{Linear, PANEL, Rows, TILE_ROWS, add, softmax_in_place, tile};

/// One attention layer.
pub(crate) struct Attention {
    projections: Projections,
    heads: usize,
    d_kv: usize,
    /// What scores are multiplied with; `None` for 1 (T5).
    scale: Option<f32>,
}

/// The maps of an attention layer: queries, keys, values, and the one that mixes the heads.
pub(crate) struct Projections {
    pub(crate) q: Linear,
    pub(crate) k: Linear,
    pub(crate) v: Linear,
    pub(crate) o: Linear,
}

/// Keys and values of a sequence, growing by its tokens.
#[derive(Clone)]
pub(crate) struct KeyValues {
    heads: Vec<HeadKeyValues>,
    tokens: usize,
}

/// One head's share, laid out for [`tile`].
#[derive(Clone, Default)]
struct HeadKeyValues {
    /// `[ceil(tokens / 32), d_kv, 32]`
    k: Vec<f32>,
    /// `[tokens, d_kv rounded up to 32]`
    v: Vec<f32>,
}

/// What is added to the scores, and which keys a query may see at all.
pub(crate) trait ScoreBias {
    /// Adds the bias of query `row` (of this call) to its scores and returns how many keys it may see: the first ones.
    fn add(&self, head: usize, row: usize, scores: &mut [f32]) -> usize;
}

/// Buffers of one call, kept for the next.
#[derive(Clone, Default)]
pub(crate) struct AttentionScratch {
    q: Rows,
    k: Rows,
    v: Rows,
    weights: Vec<f32>,
    mixed: Rows,
    out: Rows,
}

impl Attention {
    /// Heads of width `d_kv`, whose scores are taken as they are.
    pub(crate) fn new(projections: Projections, heads: usize, d_kv: usize) -> Self {
        Self { projections, heads, d_kv, scale: None }
    }

    /// The same with scores divided by the root of the heads' width.
    pub(crate) fn scaled(projections: Projections, heads: usize, d_kv: usize) -> Self {
        Self { scale: Some((d_kv as f32).sqrt().recip()), ..Self::new(projections, heads, d_kv) }
    }

    /// No keys yet, room for `tokens`.
    pub(crate) fn no_keys(&self, tokens: usize) -> KeyValues {
        let heads = (0..self.heads).map(|_| HeadKeyValues {
            k: Vec::with_capacity(tokens.next_multiple_of(PANEL) * self.d_kv),
            v: Vec::with_capacity(tokens * self.d_kv.next_multiple_of(PANEL)),
        });
        KeyValues { heads: heads.collect(), tokens: 0 }
    }

    /// Adds the keys and values of `x [tokens, d_model]`.
    pub(crate) fn add_keys(&self, x: &mut Rows, keys: &mut KeyValues, scratch: &mut AttentionScratch) {
        self.projections.k.forward(x, &mut scratch.k);
        self.projections.v.forward(x, &mut scratch.v);
        keys.append(scratch.k.values(), scratch.v.values(), self.d_kv);
    }

    /// Adds to `hidden [tokens, d_model]` the attention of `x [tokens, d_model]` over the given keys.
    pub(crate) fn attend(
        &self,
        x: &mut Rows,
        keys: &KeyValues,
        bias: Option<&dyn ScoreBias>,
        hidden: &mut [f32],
        scratch: &mut AttentionScratch,
    ) {
        let AttentionScratch { q, weights, mixed, out, .. } = scratch;
        self.projections.q.forward(x, q);
        if let Some(scale) = self.scale {
            for value in q.values_mut() {
                *value *= scale;
            }
        }
        let tokens = q.count();
        let mixture = mixed.reset(tokens, self.heads * self.d_kv);
        let mut first = 0;
        while first < tokens {
            let rows = TILE_ROWS.min(tokens - first);
            let tile = match rows {
                1 => Self::attend_rows::<1>,
                2 => Self::attend_rows::<2>,
                3 => Self::attend_rows::<3>,
                _ => Self::attend_rows::<TILE_ROWS>,
            };
            tile(self, first, q, keys, bias, weights, mixture);
            first += rows;
        }
        self.projections.o.forward(mixed, out);
        add(hidden, out.values());
    }

    /// R queries over all keys, head by head. Takes rows `first..first + R` of `q`, writes those of `mixed`.
    #[allow(clippy::too_many_arguments)] // disjoint parts of one scratch
    fn attend_rows<const R: usize>(
        &self,
        first: usize,
        q: &Rows,
        keys: &KeyValues,
        bias: Option<&dyn ScoreBias>,
        weights: &mut Vec<f32>,
        mixed: &mut [f32],
    ) {
        let (d_kv, inner) = (self.d_kv, self.heads * self.d_kv);
        let room = keys.tokens.next_multiple_of(PANEL);
        weights.resize(R * room, 0.0);
        let v_width = d_kv.next_multiple_of(PANEL);
        for (head, share) in keys.heads.iter().enumerate() {
            let queries: [&[f32]; R] =
                std::array::from_fn(|row| &q.values()[(first + row) * inner + head * d_kv..][..d_kv]);
            for (panel, k) in share.k.chunks_exact(d_kv * PANEL).enumerate() {
                tile::<R>(queries, k, PANEL, &mut weights[panel * PANEL..], room);
            }
            for (row, scores) in weights.chunks_exact_mut(room.max(1)).enumerate() {
                let visible = bias.map_or(keys.tokens, |bias| bias.add(head, first + row, scores));
                softmax_in_place(&mut scores[..visible]);
                // What a decoder must not see yet, and what fills up the last panel.
                scores[visible..].fill(0.0);
            }
            let rows: [&[f32]; R] = std::array::from_fn(|row| &weights[row * room..][..keys.tokens]);
            for column in (0..d_kv).step_by(PANEL) {
                let v = share.v.get(column..).unwrap_or_default();
                // Ends with the head's part of the last of these rows, so that no other head's is written.
                let mixed = &mut mixed[first * inner + head * d_kv..][..(R - 1) * inner + d_kv];
                tile::<R>(rows, v, v_width, &mut mixed[column..], inner);
            }
        }
    }
}

impl KeyValues {
    /// Those of a stack without layers.
    pub(crate) fn none() -> Self {
        Self { heads: Vec::new(), tokens: 0 }
    }

    /// Adds rows of `k` and `v`, `[tokens, heads * d_kv]`.
    fn append(&mut self, k: &[f32], v: &[f32], d_kv: usize) {
        let inner = self.heads.len() * d_kv;
        for (k, v) in k.chunks_exact(inner).zip(v.chunks_exact(inner)) {
            let (panel, lane) = (self.tokens / PANEL, self.tokens % PANEL);
            for ((share, k), v) in self.heads.iter_mut().zip(k.chunks_exact(d_kv)).zip(v.chunks_exact(d_kv)) {
                share.k.resize((panel + 1) * d_kv * PANEL, 0.0);
                let places = share.k[panel * d_kv * PANEL..].iter_mut().skip(lane).step_by(PANEL);
                for (place, value) in places.zip(k) {
                    *place = *value;
                }
                share.v.extend_from_slice(v);
                share.v.resize((self.tokens + 1) * d_kv.next_multiple_of(PANEL), 0.0);
            }
            self.tokens += 1;
        }
    }

    /// Forgets all tokens and keeps the room.
    pub(crate) fn clear(&mut self) {
        for share in &mut self.heads {
            share.k.clear();
            share.v.clear();
        }
        self.tokens = 0;
    }
}
