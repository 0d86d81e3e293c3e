//! Which tensor is stored how.

use std::str::FromStr;

use crate::config::{Role, TensorSpec};
use crate::manifest::Storage;

/// How the large matrices of a model are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Everything in f32.
    F32,
    /// Every matrix that can be, in 8 bits.
    Q8,
    /// Every matrix that can be, in 4 bits.
    Q4,
    /// 4 bits for the experts' projections; 8 for the tables that choose tokens, the copy and embedding heads, and the
    /// narrow projection that steers the scan, where an error is not averaged out.
    Mixed,
}

impl Scheme {
    /// What the manifest calls the storage of most large matrices.
    #[must_use]
    pub fn default_storage(self) -> Storage {
        match self {
            Self::F32 => Storage::F32,
            Self::Q8 => Storage::Q8,
            Self::Q4 | Self::Mixed => Storage::Q4,
        }
    }
}

/// A word that is no scheme.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is no way to store weights; there are f32, q8, q4 and mixed")]
pub struct RecipeError {
    /// What was asked for.
    pub word: String,
}

impl FromStr for Scheme {
    type Err = RecipeError;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "f32" => Ok(Self::F32),
            "q8" => Ok(Self::Q8),
            "q4" => Ok(Self::Q4),
            "mixed" => Ok(Self::Mixed),
            _ => Err(RecipeError { word: word.to_owned() }),
        }
    }
}

/// A scheme with its exceptions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    /// The rule.
    pub scheme: Scheme,
    /// Patterns of tensors that stay in f32; `*` stands for any run of characters.
    pub keep_f32: Vec<String>,
    /// Patterns of tensors that go into 4 bits whatever the scheme is (f32 above all exceptions); a table that is only read row by row
    /// can take it.
    pub in_q4: Vec<String>,
}

impl Recipe {
    /// A scheme without exceptions.
    #[must_use]
    pub fn new(scheme: Scheme) -> Self {
        Self { scheme, keep_f32: Vec::new(), in_q4: Vec::new() }
    }

    /// How a tensor is to be stored.
    #[must_use]
    pub fn storage(&self, spec: &TensorSpec) -> Storage {
        if !spec.quantisable() || self.keep_f32.iter().any(|pattern| matches(pattern, &spec.name)) {
            return Storage::F32;
        }
        if self.in_q4.iter().any(|pattern| matches(pattern, &spec.name)) {
            return Storage::Q4;
        }
        match (self.scheme, spec.role) {
            (Scheme::F32, _) => Storage::F32,
            (Scheme::Q8, _)
            | (Scheme::Mixed, Role::Embedding | Role::OutputHead | Role::HeadProjection | Role::ScanInput) => {
                Storage::Q8
            }
            (Scheme::Q4 | Scheme::Mixed, _) => Storage::Q4,
        }
    }

    /// Patterns that name no tensor of a config: most likely typing errors.
    #[must_use]
    pub fn idle_patterns(&self, specs: &[TensorSpec]) -> Vec<&str> {
        let idle = |pattern: &&String| !specs.iter().any(|spec| matches(pattern, &spec.name));
        self.keep_f32.iter().chain(&self.in_q4).filter(idle).map(String::as_str).collect()
    }
}

/// Whether `name` is `pattern`, where each `*` stands for any run of characters.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else { return pattern == name };
    let Some(rest) = name.strip_prefix(head) else { return false };
    // The earliest fit of every middle piece leaves most to the last, which must fit the end.
    let mut rest = rest;
    let mut pieces = tail.split('*').peekable();
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return rest.ends_with(piece);
        }
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preset::Preset;

    #[test]
    fn patterns_match_as_a_reader_expects() {
        for (pattern, name, expected) in [
            ("shared.weight", "shared.weight", true),
            ("shared", "shared.weight", false),
            ("shared*", "shared.weight", true),
            ("*.weight", "shared.weight", true),
            ("*q*o*", "et5.q.weight", false),
            ("et5.*.q.weight", "et5.encoder.block.0.q.weight", true),
            ("a*a", "a", false),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} on {name}");
        }
    }

    #[test]
    fn mixed_keeps_tables_finer_than_projections_and_vectors_plain() {
        let recipe = Recipe {
            keep_f32: vec!["*.wo.weight".into(), "wrong".into()],
            in_q4: vec!["heads.copy.query.weight".into(), "gate.*".into(), "idle".into()],
            ..Recipe::new(Scheme::Mixed)
        };
        let specs = Preset::Chairside.config().tensors();
        let storage = |name: &str| recipe.storage(specs.iter().find(|spec| spec.name == name).unwrap());
        assert_eq!(storage("shared.weight"), Storage::Q8);
        assert_eq!(storage("heads.copy.key.weight"), Storage::Q8);
        assert_eq!(storage("emamba.layers.0.mixer.x_proj.weight"), Storage::Q8);
        assert_eq!(storage("et5.encoder.block.1.layer.0.SelfAttention.q.weight"), Storage::Q4);
        assert_eq!(storage("et5.encoder.block.1.layer.1.DenseReluDense.wo.weight"), Storage::F32);
        assert_eq!(storage("emamba.layers.0.mixer.dt_proj.weight"), Storage::F32, "24 columns are not whole blocks");
        assert_eq!(storage("gate.fc1.weight"), Storage::F32);
        assert_eq!(storage("heads.copy.query.weight"), Storage::Q4);
        assert_eq!(recipe.idle_patterns(&specs), ["wrong", "idle"]);
    }
}
