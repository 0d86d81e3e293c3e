//! Which forms of the kernels may be used on this device. A form that fails its self-test is left out and another serves.

use crate::kernels::matmul::Rows;

/// A form of a kernel that another can replace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Variant {
    /// `matmul_tile`; `matmul_rows` computes the same.
    TiledProduct,
    /// `matmul_rows`; `matmul_tile` computes the same.
    FewRowsProduct,
    /// Weights read in 8 or 4 bits; they are widened to f32 at load instead.
    PackedWeights,
    /// `mixture` and `sample`; the processor generates freely instead.
    FreeGeneration,
}

impl Variant {
    /// What serves in its place, in words.
    #[must_use]
    pub fn replacement(self) -> &'static str {
        match self {
            Self::TiledProduct => "matmul_rows",
            Self::FewRowsProduct => "matmul_tile",
            Self::PackedWeights => "weights in f32",
            Self::FreeGeneration => "free generation on the processor",
        }
    }
}

/// The forms left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quarantine(Vec<Variant>);

impl Quarantine {
    /// Leaves a form out; `false` if nothing would be left that can do its work.
    pub fn add(&mut self, variant: Variant) -> bool {
        if !self.0.contains(&variant) {
            self.0.push(variant);
        }
        !(self.has(Variant::TiledProduct) && self.has(Variant::FewRowsProduct))
    }

    /// Whether a form is left out.
    #[must_use]
    pub fn has(&self, variant: Variant) -> bool {
        self.0.contains(&variant)
    }

    /// The shader that serves for so many rows.
    #[must_use]
    pub fn rows(&self, wanted: Rows) -> Rows {
        match wanted {
            Rows::Many if self.has(Variant::TiledProduct) => Rows::Few,
            Rows::Few if self.has(Variant::FewRowsProduct) => Rows::Many,
            Rows::Many | Rows::Few => wanted,
        }
    }
}
