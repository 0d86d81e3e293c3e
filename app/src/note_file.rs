//! A text file that is dropped on the note: its bytes as text.

/// Why a file is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// More than a note may hold.
    TooLong {
        /// Its size.
        bytes: u64,
    },
    /// No plain text: a word processor's file, an image.
    NoText,
    /// It could not be read.
    Unreadable,
}

/// How a text file's characters are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// By its first bytes, or because it is.
    Utf8,
    /// By its first bytes.
    Utf16Le,
    /// By its first bytes.
    Utf16Be,
    /// What older practice software writes; any bytes are text in it, so it is the last to be tried.
    Windows1252,
}

impl Encoding {
    /// Its label in the web's encoding standard.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Utf16Le => "utf-16le",
            Self::Utf16Be => "utf-16be",
            Self::Windows1252 => "windows-1252",
        }
    }
}

/// The most bytes of a file that may hold at most `chars` characters: four each, and a mark at the beginning.
#[must_use]
pub fn most_bytes(chars: usize) -> u64 {
    u64::try_from(chars).unwrap_or(u64::MAX).saturating_mul(4).saturating_add(3)
}

/// The encoding of a file; `None` where it is no plain text.
#[must_use]
pub fn encoding(bytes: &[u8]) -> Option<Encoding> {
    match bytes {
        [0xFF, 0xFE, ..] => Some(Encoding::Utf16Le),
        [0xFE, 0xFF, ..] => Some(Encoding::Utf16Be),
        // No text in the others has a NUL, nearly every other file has.
        bytes if bytes.contains(&0) => None,
        bytes if std::str::from_utf8(bytes).is_ok() => Some(Encoding::Utf8),
        // PDF, RTF and images may begin without one.
        bytes if bytes.iter().any(|byte| matches!(byte, 1..=8 | 14..=31)) => None,
        _ => Some(Encoding::Windows1252),
    }
}

/// The note with a file's text after what the reader has typed.
#[must_use]
pub fn joined(typed: &str, file: &str) -> String {
    let file = file.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    if typed.trim().is_empty() { file } else { format!("{}\n\n{file}", typed.trim_end()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_told_from_other_files() {
        for (bytes, expected) in [
            (b"Warfarin, INR 2.5".as_slice(), Some(Encoding::Utf8)),
            ("Zähne, 37,5 °C".as_bytes(), Some(Encoding::Utf8)),
            (b"\xEF\xBB\xBFnote", Some(Encoding::Utf8)),
            (b"", Some(Encoding::Utf8)),
            (b"Z\xE4hne", Some(Encoding::Windows1252)),
            (b"\xFF\xFEn\0o\0", Some(Encoding::Utf16Le)),
            (b"\xFE\xFF\0n\0o", Some(Encoding::Utf16Be)),
            (b"PK\x03\x04\0\0", None),
            (b"\x89PNG\r\n\x1A\n\0", None),
            (b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n\x01", None),
        ] {
            assert_eq!(encoding(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn nothing_typed_is_lost() {
        for (typed, file, expected) in
            [("", "a\r\nb", "a\nb"), (" \n", "\u{feff}a", "a"), ("typed \n", "file", "typed\n\nfile")]
        {
            assert_eq!(joined(typed, file), expected);
        }
        assert_eq!(most_bytes(20_000), 80_003);
    }
}
