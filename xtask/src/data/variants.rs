//! How the variants of an enum are called in tables.

/// Implements `Display` for an enum without content: `names!(Kind { Short => "short", Note => "note" })`.
macro_rules! names {
    ($type:ty { $($variant:ident => $name:literal),+ $(,)? }) => {
        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(match self { $(Self::$variant => $name),+ })
            }
        }
    };
}

pub(crate) use names;
