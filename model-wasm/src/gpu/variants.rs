//! Which forms of the kernels are used on this device. A form that fails its self-test is left out and another serves; of those that are
//! right, the fastest as measured here serves.

use crate::kernels::matmul::{Form, Rows};

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
    /// A form of a product for devices that offer more; the plain one computes the same, or what is rounded less.
    Optional(Form),
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
            Self::Optional(_) => "the plain form",
        }
    }
}

/// The forms left out, and those chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variants {
    left_out: Vec<Variant>,
    many: Form,
    few: Form,
}

impl Variants {
    /// Leaves a form out; `false` if nothing would be left that can do its work.
    pub fn leave_out(&mut self, variant: Variant) -> bool {
        if !self.left_out.contains(&variant) {
            self.left_out.push(variant);
        }
        for chosen in [&mut self.many, &mut self.few] {
            if variant == Variant::Optional(*chosen) {
                *chosen = Form::Plain;
            }
        }
        !(self.without(Variant::TiledProduct) && self.without(Variant::FewRowsProduct))
    }

    /// Whether a form is left out.
    #[must_use]
    pub fn without(&self, variant: Variant) -> bool {
        self.left_out.contains(&variant)
    }

    /// Lets a form serve for its shader, unless it is left out.
    pub fn choose(&mut self, form: Form) {
        if self.without(Variant::Optional(form)) {
            return;
        }
        match form.speeds_up() {
            Some(Rows::Many) => self.many = form,
            Some(Rows::Few) => self.few = form,
            None => {}
        }
    }

    /// The shader that serves for so many rows, and its form.
    #[must_use]
    pub fn product(&self, wanted: Rows) -> (Rows, Form) {
        let rows = match wanted {
            Rows::Many if self.without(Variant::TiledProduct) => Rows::Few,
            Rows::Few if self.without(Variant::FewRowsProduct) => Rows::Many,
            Rows::Many | Rows::Few => wanted,
        };
        (rows, if rows == Rows::Many { self.many } else { self.few })
    }

    /// The optional forms that serve.
    pub fn chosen(&self) -> impl Iterator<Item = Form> {
        [self.many, self.few].into_iter().filter(|form| *form != Form::Plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_not_chosen() {
        let mut variants = Variants::default();
        for form in Form::OPTIONAL {
            variants.choose(form);
        }
        assert_eq!(variants.product(Rows::Many), (Rows::Many, Form::Dot4), "the last one chosen for many rows");
        assert_eq!(variants.product(Rows::Few), (Rows::Few, Form::Subgroup));
        assert!(variants.leave_out(Variant::Optional(Form::Dot4)));
        assert_eq!(variants.chosen().collect::<Vec<_>>(), [Form::Subgroup]);
        variants.choose(Form::Dot4);
        assert_eq!(variants.product(Rows::Many), (Rows::Many, Form::Plain));
        assert!(variants.leave_out(Variant::TiledProduct));
        assert_eq!(variants.product(Rows::Many), (Rows::Few, Form::Subgroup), "few rows serve for many");
        assert!(!variants.leave_out(Variant::FewRowsProduct), "one of the two has to serve");
    }
}
