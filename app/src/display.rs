//! How the page is shown: what the reader can choose, as plain data. `style/tokens.css` says what it means.

/// Colours and size of type.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the device is set.
    #[default]
    Device,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
    /// Large type on black: read at arm's length, beside a lit field.
    Operatory,
}

impl Theme {
    /// Those a reader can choose from.
    pub const ALL: [Self; 4] = [Self::Device, Self::Light, Self::Dark, Self::Operatory];

    /// As it is kept in the browser's settings and written into the page's `data-theme`.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Light => "light",
            Self::Dark => "dark",
            Self::Operatory => "operatory",
        }
    }

    /// The theme that was kept so.
    #[must_use]
    pub fn of(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.key() == key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_theme_is_kept_by_a_name_of_its_own() {
        for theme in Theme::ALL {
            assert_eq!(Theme::of(theme.key()), Some(theme));
        }
        for unknown in ["", "Dark", "sepia"] {
            assert_eq!(Theme::of(unknown), None, "{unknown}");
        }
    }
}
