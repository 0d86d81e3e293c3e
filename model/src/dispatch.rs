//! Order-preserving dispatch: which tokens each expert sees, and where they came from.

/// One of the two experts. The discriminant is the row of the gate's logits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Expert {
    /// The Transformer expert.
    Et5 = 0,
    /// The state-space expert.
    EMamba = 1,
}

/// Original positions of the tokens of one expert: ascending, unique, below the sequence length. Only [`Dispatch`] makes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Positions(Vec<u32>);

impl Positions {
    /// The positions in ascending order.
    #[must_use]
    pub fn as_slice(&self) -> &[u32] {
        &self.0
    }

    /// Tokens of the expert.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the expert has nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The stable partition of a sequence over the experts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispatch {
    /// Tokens on ET5.
    pub et5: Positions,
    /// Tokens on EMamba.
    pub emamba: Positions,
}

impl Dispatch {
    /// Compacts token indices per expert, in order.
    #[must_use]
    pub fn new(experts: &[Expert]) -> Self {
        let of = |wanted: Expert| {
            Positions((0u32..).zip(experts).filter(|(_, expert)| **expert == wanted).map(|(index, _)| index).collect())
        };
        Self { et5: of(Expert::Et5), emamba: of(Expert::EMamba) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_token_goes_to_its_expert_once_and_in_order(choices in prop::collection::vec(any::<bool>(), 0..300)) {
            let experts: Vec<Expert> = choices.iter().map(|&mamba| if mamba { Expert::EMamba } else { Expert::Et5 }).collect();
            let dispatch = Dispatch::new(&experts);
            for (positions, expert) in [(&dispatch.et5, Expert::Et5), (&dispatch.emamba, Expert::EMamba)] {
                prop_assert!(positions.as_slice().is_sorted_by(|a, b| a < b));
                prop_assert!(positions.as_slice().iter().all(|&position| experts[position as usize] == expert));
            }
            prop_assert_eq!(dispatch.et5.len() + dispatch.emamba.len(), experts.len());
        }
    }
}
