//! The names of a drug.

use serde::{Deserialize, Serialize};

/// A drug and everything it is called. Drugs without a record stand there, too, so that a question about one is not taken
/// for a misspelt question about another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drug {
    /// The international name, or that of the preparation where it is one thing ("co-amoxiclav").
    pub name: String,
    /// Other names: US name, brands, abbreviations of the field.
    pub names: Vec<String>,
}

impl Drug {
    /// Every name, the first one first.
    pub fn all_names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.name.as_str()).chain(self.names.iter().map(String::as_str))
    }
}
