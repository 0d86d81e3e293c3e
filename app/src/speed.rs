//! The reader's choice between speed and quality: how far the gate is leant, as plain data, and what that was measured to do.
//!
//! The engine adds the bias to the logit of `EMamba` for every token (docs/ARCHITECTURE.md, "The mathematics", 2); experts and weights stay.

/// What was measured at one position.
#[derive(Debug, Clone, Copy)]
struct Position {
    /// As the slider counts and the browser keeps it.
    key: &'static str,
    /// What is added to the logit of `EMamba`.
    bias: f32,
    /// Median time of an answer by the median in the middle.
    times: f64,
    /// Key facts told, of [`KEY_FACTS`].
    key_facts: u32,
}

/// Questions of `DentalQA`'s test split that the positions were measured on: every eighth.
///
/// `cargo xtask eval answers --split test --every 8 --bias=B` with the model [`MEASURED_VERSION`], native on two cores; the times are the
/// quickest of five rounds of 55 answered questions, all positions in turns. 95 % intervals of the times, from left to right:
/// 1.276 to 1.342, 1.240 to 1.286, 1, 0.816 to 0.834, 0.776 to 0.824.
pub const QUESTIONS: u32 = 209;

/// Key facts that the reference answers of these questions hold.
pub const KEY_FACTS: u32 = 453;

/// The model that was measured; a test holds it against the one that ships.
pub const MEASURED_VERSION: &str = "0.2.0";

/// A position of the slider.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Speed {
    /// Nearly every token to ET5: the slowest.
    NearlyAllEt5,
    /// More tokens to ET5.
    MoreEt5,
    /// As the gate was trained.
    #[default]
    AsTrained,
    /// More tokens to `EMamba`.
    MoreEmamba,
    /// Nearly every token to `EMamba`: the fastest.
    NearlyAllEmamba,
}

impl Speed {
    /// All positions from left to right.
    pub const ALL: [Self; 5] =
        [Self::NearlyAllEt5, Self::MoreEt5, Self::AsTrained, Self::MoreEmamba, Self::NearlyAllEmamba];

    /// As it is kept in the browser's settings and as the slider counts.
    #[must_use]
    pub fn key(self) -> &'static str {
        self.position().key
    }

    /// The position that was kept so.
    #[must_use]
    pub fn of(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|speed| speed.key() == key)
    }

    /// What is added to the gate's logit of `EMamba`.
    #[must_use]
    pub fn bias(self) -> f32 {
        self.position().bias
    }

    /// How long an answer takes, by the time in the middle.
    #[must_use]
    pub fn times(self) -> f64 {
        self.position().times
    }

    /// Key facts told, of [`KEY_FACTS`].
    #[must_use]
    pub fn key_facts(self) -> u32 {
        self.position().key_facts
    }

    fn position(self) -> Position {
        match self {
            Self::NearlyAllEt5 => Position { key: "-2", bias: -2.0, times: 1.295, key_facts: 283 },
            Self::MoreEt5 => Position { key: "-1", bias: -1.0, times: 1.253, key_facts: 283 },
            Self::AsTrained => Position { key: "0", bias: 0.0, times: 1.0, key_facts: 283 },
            Self::MoreEmamba => Position { key: "1", bias: 1.0, times: 0.827, key_facts: 281 },
            Self::NearlyAllEmamba => Position { key: "2", bias: 2.0, times: 0.802, key_facts: 280 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_position_is_kept_by_a_name_of_its_own() {
        for speed in Speed::ALL {
            assert_eq!(Speed::of(speed.key()), Some(speed));
        }
        for unknown in ["", "3", "-3", "0.5", "+1", "fast"] {
            assert_eq!(Speed::of(unknown), None, "{unknown}");
        }
    }

    /// The middle is what ships: nothing is leant, and the others are counted by it.
    #[test]
    fn the_middle_is_the_gate_as_it_was_trained() {
        let middle = Speed::default();
        assert_eq!((middle.key(), middle.bias().to_bits(), middle.times().to_bits()), ("0", 0, 1.0_f64.to_bits()));
        let biases: Vec<f32> = Speed::ALL.into_iter().map(Speed::bias).collect();
        assert!(
            biases.is_sorted()
                && biases.iter().zip(biases.iter().rev()).all(|(left, right)| (left + right).to_bits() == 0)
        );
        assert!(Speed::ALL.iter().all(|speed| speed.key_facts() <= KEY_FACTS && speed.times() > 0.0));
    }

    #[test]
    fn the_figures_are_of_the_model_that_ships() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/model/manifest.json");
        let manifest: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(path).expect("a manifest")).expect("JSON");
        assert_eq!(manifest["version"], MEASURED_VERSION, "measure the positions of the slider anew");
    }
}
