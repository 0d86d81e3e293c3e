//! T5's bucketed relative-position bias (Raffel et al. 2020, §2.1), computed from original positions.

use crate::config::Et5Config;
use crate::nn::ScoreBias;

/// The bias that the first layer owns and every layer of a stack shares.
pub(crate) struct RelativeBias {
    /// `[heads, 2 * reach + 1]`: the bias of distances `-reach..=reach`. Beyond that it stays the same.
    by_distance: Vec<f32>,
    reach: i64,
    bidirectional: bool,
}

/// Where the queries and keys of one call stand.
pub(crate) struct Placed<'a> {
    pub(crate) bias: &'a RelativeBias,
    /// Original positions of the queries.
    pub(crate) queries: &'a [u32],
    /// Original positions of the keys, ascending.
    pub(crate) keys: &'a [u32],
}

impl ScoreBias for Placed<'_> {
    fn add(&self, head: usize, row: usize, scores: &mut [f32]) -> usize {
        let query = self.queries[row];
        let visible = self.bias.visible(query, self.keys);
        self.bias.add(head, query, &self.keys[..visible], scores);
        visible
    }
}

impl RelativeBias {
    /// `table` is `[buckets, heads]`; an encoder looks both ways, a decoder only back.
    pub(crate) fn new(table: &[f32], config: &Et5Config, bidirectional: bool) -> Self {
        let buckets = Buckets {
            count: config.relative_attention_num_buckets,
            max_distance: config.relative_attention_max_distance,
            bidirectional,
        };
        // At `max_distance` the last bucket is reached; config.rs holds it to 65,536.
        let reach = i64::try_from(config.relative_attention_max_distance).unwrap_or(i64::MAX);
        let heads = config.num_heads;
        let by_distance = (0..heads)
            .flat_map(|head| (-reach..=reach).map(move |distance| (head, distance)))
            .map(|(head, distance)| table[buckets.bucket(distance) * heads + head])
            .collect();
        Self { by_distance, reach, bidirectional }
    }

    /// How many of the keys (ascending positions) a query at this position may see: an encoder all, a decoder those not behind it.
    pub(crate) fn visible(&self, query: u32, keys: &[u32]) -> usize {
        if self.bidirectional { keys.len() } else { keys.partition_point(|key| *key <= query) }
    }

    /// Adds the bias between tokens at original positions to a query's scores.
    pub(crate) fn add(&self, head: usize, query: u32, keys: &[u32], scores: &mut [f32]) {
        let width = self.by_distance.len() / self.heads();
        let table = &self.by_distance[head * width..][..width];
        for (score, &key) in scores.iter_mut().zip(keys) {
            let distance = (i64::from(key) - i64::from(query)).clamp(-self.reach, self.reach);
            *score += table[usize::try_from(distance + self.reach).unwrap_or(0)];
        }
    }

    /// The bias of every distance `key - query` from `-max_distance` to `max_distance`, `[heads, 2 max_distance + 1]`: beyond them it stays
    /// what it is there.
    pub(crate) fn by_distance(self) -> Vec<f32> {
        self.by_distance
    }

    fn heads(&self) -> usize {
        self.by_distance.len() / usize::try_from(2 * self.reach + 1).unwrap_or(1)
    }
}

/// T5's buckets of distances.
struct Buckets {
    count: usize,
    max_distance: usize,
    bidirectional: bool,
}

impl Buckets {
    /// The bucket of `key position - query position`: exact while near, logarithmic up to `max_distance`, one bucket beyond.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // distances are below 2^32, the logarithm's floor below `buckets`
    fn bucket(&self, relative: i64) -> usize {
        let (buckets, offset, distance) = if self.bidirectional {
            let half = self.count / 2;
            (half, if relative > 0 { half } else { 0 }, relative.unsigned_abs() as usize)
        } else {
            (self.count, 0, (-relative).max(0) as usize)
        };
        let exact = buckets / 2;
        if distance < exact {
            return offset + distance;
        }
        // f32 and this order of operations, as the original computes it: in f64 some boundaries fall into the next bucket.
        let ratio = (distance as f32 / exact as f32).ln() / (self.max_distance as f32 / exact as f32).ln();
        let logarithmic = exact + (ratio * (buckets - exact) as f32) as usize;
        offset + logarithmic.min(buckets - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buckets(bidirectional: bool) -> Buckets {
        Buckets { count: 32, max_distance: 128, bidirectional }
    }

    /// Two heads; the bias of a bucket is its number, and 100 more for the second.
    fn bias(bidirectional: bool) -> RelativeBias {
        let table: Vec<f32> = (0..32).flat_map(|bucket| [bucket as f32, bucket as f32 + 100.0]).collect();
        let config = Et5Config { num_heads: 2, ..crate::preset::Preset::Nano.config().et5 };
        RelativeBias::new(&table, &config, bidirectional)
    }

    fn between(bidirectional: bool, head: usize, query: u32, keys: &[u32]) -> Vec<f32> {
        let mut scores = vec![0.0; keys.len()];
        bias(bidirectional).add(head, query, keys, &mut scores);
        scores
    }

    #[test]
    fn buckets_of_the_published_scheme() {
        let encoder: &[(i64, usize)] = &[
            (0, 0),
            (-1, 1),
            (1, 17),
            (-7, 7),
            (-8, 8),
            (8, 24),
            (-11, 8),
            (-12, 9),
            (-16, 10),
            (-64, 14),
            (-127, 15),
            (-500, 15),
            (500, 31),
        ];
        for &(relative, expected) in encoder {
            assert_eq!(buckets(true).bucket(relative), expected, "encoder, distance {relative}");
        }
        let decoder: &[(i64, usize)] =
            &[(0, 0), (-1, 1), (-15, 15), (-16, 16), (-32, 21), (-64, 26), (-128, 31), (-1000, 31), (5, 0)];
        for &(relative, expected) in decoder {
            assert_eq!(buckets(false).bucket(relative), expected, "decoder, distance {relative}");
        }
    }

    #[test]
    fn a_decoder_never_looks_ahead() {
        for query in 0..3 {
            assert_eq!(bias(false).visible(query, &[0, 1, 2]), query as usize + 1);
            assert_eq!(bias(true).visible(query, &[0, 1, 2]), 3);
        }
    }

    #[test]
    fn skipped_tokens_keep_their_distance() {
        assert_eq!(between(true, 0, 10, &[3, 10, 12]), [7.0, 0.0, 18.0]);
        assert_eq!(between(true, 1, 10, &[3, 10, 12]), [107.0, 100.0, 118.0]);
    }

    #[test]
    fn beyond_the_reach_it_stays_the_same() {
        assert_eq!(between(true, 0, 500, &[0, 372, 373, 627, 628, 60_000]), [15.0, 15.0, 15.0, 31.0, 31.0, 31.0]);
        assert_eq!(between(false, 1, 60_000, &[0, 59_999]), [131.0, 101.0]);
    }
}
