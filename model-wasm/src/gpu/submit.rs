//! How much goes into one submit: as much as fits into a slice of time, by what the last one took.

use super::program::Program;

/// No submit should run longer than this, so that the page stays alive and a stop is soon seen.
pub(super) const SLICE_MS: f64 = 100.0;
/// Decoder calls of one submit at most.
pub(super) const MOST_CALLS: usize = 16;

/// Decoder calls of the next submit. The first is one call: its state says whether the question can be answered at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Calls(usize);

impl Default for Calls {
    fn default() -> Self {
        Self(1)
    }
}

impl Calls {
    /// How many.
    pub(super) fn count(self) -> usize {
        self.0
    }

    /// Encodes them into one pass, each the two programs in order.
    pub(super) fn encode(self, encoder: &mut wgpu::CommandEncoder, programs: [&Program; 2]) {
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        for _ in 0..self.0 {
            for program in programs {
                program.encode(&mut pass, 0, program.len());
            }
        }
    }

    /// As many as fit into the time of a slice; calls after the end of an answer cost next to nothing.
    pub(super) fn adapt(&mut self, took_ms: f64) {
        let per_call_ms = took_ms / self.0 as f64;
        let fitting = (SLICE_MS / per_call_ms.max(0.1)).floor();
        self.0 = (1..=MOST_CALLS).take_while(|calls| *calls as f64 <= fitting).last().unwrap_or(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_fit_into_a_slice() {
        for (took_ms, expected) in [(100.0, 1), (50.0, 2), (30.0, 3), (7.0, 14), (0.0, MOST_CALLS), (1e9, 1)] {
            let mut calls = Calls::default();
            calls.adapt(took_ms);
            assert_eq!(calls.count(), expected, "one call in {took_ms} ms");
        }
        let mut calls = Calls(8);
        calls.adapt(400.0);
        assert_eq!(calls.count(), 2, "eight calls in 400 ms");
    }
}
