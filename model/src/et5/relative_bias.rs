//! T5's bucketed relative-position bias (Raffel et al. 2020, §2.1), computed from original positions.

use candle_core::{Device, Tensor};

use crate::config::Et5Config;

/// The table `[buckets, heads]` that the first layer owns and every layer of a stack shares.
pub(crate) struct RelativeBias {
    table: Vec<f32>,
    heads: usize,
    buckets: usize,
    max_distance: usize,
    bidirectional: bool,
}

impl RelativeBias {
    /// `table` is `[buckets, heads]`; an encoder looks both ways, a decoder only back.
    pub(crate) fn new(table: Vec<f32>, config: &Et5Config, bidirectional: bool) -> Self {
        Self {
            table,
            heads: config.num_heads,
            buckets: config.relative_attention_num_buckets,
            max_distance: config.relative_attention_max_distance,
            bidirectional,
        }
    }

    /// The bias `[heads, queries, keys]` between tokens at the given original positions. A decoder's bias also holds its causal mask.
    pub(crate) fn between(&self, queries: &[u32], keys: &[u32]) -> candle_core::Result<Tensor> {
        let mut bias = vec![0.0f32; self.heads * queries.len() * keys.len()];
        let plane = queries.len() * keys.len();
        for (row, &query) in queries.iter().enumerate() {
            for (column, &key) in keys.iter().enumerate() {
                let masked = !self.bidirectional && key > query;
                let bucket = self.bucket(i64::from(key) - i64::from(query));
                for head in 0..self.heads {
                    bias[head * plane + row * keys.len() + column] =
                        if masked { f32::NEG_INFINITY } else { self.table[bucket * self.heads + head] };
                }
            }
        }
        Tensor::from_vec(bias, (self.heads, queries.len(), keys.len()), &Device::Cpu)
    }

    /// The bias of every distance `key - query` from `-max_distance` to `max_distance`, `[heads, 2 max_distance + 1]`: beyond them it stays
    /// what it is there. What a kernel needs that clamps distances.
    pub(crate) fn by_distance(&self) -> Vec<f32> {
        let reach = i64::try_from(self.max_distance).unwrap_or(i64::MAX);
        let mut bias = Vec::with_capacity(self.heads * (2 * self.max_distance + 1));
        for head in 0..self.heads {
            bias.extend((-reach..=reach).map(|distance| self.table[self.bucket(distance) * self.heads + head]));
        }
        bias
    }

    /// The bucket of `key position - query position`: exact while near, logarithmic up to `max_distance`, one bucket beyond.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // distances are below 2^32, the logarithm's floor below `buckets`
    fn bucket(&self, relative: i64) -> usize {
        let (buckets, offset, distance) = if self.bidirectional {
            let half = self.buckets / 2;
            (half, if relative > 0 { half } else { 0 }, relative.unsigned_abs() as usize)
        } else {
            (self.buckets, 0, (-relative).max(0) as usize)
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

    fn bias(bidirectional: bool) -> RelativeBias {
        RelativeBias {
            table: (0..32).map(|bucket| bucket as f32).collect(),
            heads: 1,
            buckets: 32,
            max_distance: 128,
            bidirectional,
        }
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
            assert_eq!(bias(true).bucket(relative), expected, "encoder, distance {relative}");
        }
        let decoder: &[(i64, usize)] =
            &[(0, 0), (-1, 1), (-15, 15), (-16, 16), (-32, 21), (-64, 26), (-128, 31), (-1000, 31), (5, 0)];
        for &(relative, expected) in decoder {
            assert_eq!(bias(false).bucket(relative), expected, "decoder, distance {relative}");
        }
    }

    #[test]
    #[allow(clippy::float_cmp)] // table entries, unchanged
    fn distances_beyond_the_largest_are_in_its_bucket() {
        for bidirectional in [true, false] {
            let bias = bias(bidirectional);
            let by_distance = bias.by_distance();
            for distance in -2000i64..=2000 {
                let at = usize::try_from(distance.clamp(-128, 128) + 128).unwrap();
                assert_eq!(by_distance[at], bias.table[bias.bucket(distance)], "distance {distance}");
            }
        }
    }

    #[test]
    fn a_decoder_never_looks_ahead() {
        let plane =
            bias(false).between(&[0, 1, 2], &[0, 1, 2]).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        for query in 0..3 {
            for key in 0..3 {
                assert_eq!(plane[query * 3 + key] == f32::NEG_INFINITY, key > query, "query {query}, key {key}");
            }
        }
    }

    #[test]
    fn skipped_tokens_keep_their_distance() {
        let plane = bias(true).between(&[10], &[3, 10, 12]).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(plane, [7.0, 0.0, 18.0]);
    }
}
