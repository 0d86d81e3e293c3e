//! What a part of a downloaded file is called in the browser's storage: worker and page read it alike.

use std::fmt;

/// A part of a file of the index.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartName {
    /// Where the file lies, absolute.
    pub address: String,
    /// SHA-256 of the whole file, so that another version never gets it; lower-case hexadecimal.
    pub sha256: String,
    /// Which part, from 0.
    pub part: u64,
}

impl fmt::Display for PartName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}?sha256={}&part={}", self.address, self.sha256, self.part)
    }
}

impl PartName {
    /// Of an entry of the storage; `None` where something else lies there.
    #[must_use]
    pub fn parse(url: &str) -> Option<Self> {
        let (address, query) = url.split_once("?sha256=")?;
        let (sha256, part) = query.split_once("&part=")?;
        let hash = sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
        hash.then_some(())?;
        Some(Self { address: address.to_owned(), sha256: sha256.to_owned(), part: part.parse().ok()? })
    }

    /// Whether both are parts of one file.
    #[must_use]
    pub fn is_of_the_file_of(&self, other: &Self) -> bool {
        (&self.address, &self.sha256) == (&other.address, &other.sha256)
    }

    /// The file's own name, for messages.
    #[must_use]
    pub fn file(&self) -> &str {
        self.address.rsplit('/').next().unwrap_or(&self.address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_was_written() {
        let name = PartName {
            address: "http://localhost:8080/assets/model/model.safetensors".to_owned(),
            sha256: "0f".repeat(32),
            part: 12,
        };
        assert_eq!(PartName::parse(&name.to_string()), Some(name.clone()));
        assert_eq!(name.file(), "model.safetensors");
        assert!(name.is_of_the_file_of(&PartName { part: 0, ..name.clone() }));
        assert!(!name.is_of_the_file_of(&PartName { sha256: "0e".repeat(32), ..name.clone() }));
        assert!(!name.is_of_the_file_of(&PartName { address: "model.safetensors".to_owned(), ..name.clone() }));
    }

    #[test]
    fn anything_else_is_no_part() {
        let hash = "ab".repeat(32);
        for url in [
            String::new(),
            "http://localhost/a".to_owned(),
            "http://localhost/a?sha256=0000&part=0".to_owned(),
            format!("http://localhost/a?sha256={hash}"),
            format!("http://localhost/a?sha256={hash}&part="),
            format!("http://localhost/a?sha256={hash}&part=-1"),
            format!("http://localhost/a?sha256={}&part=1", "zz".repeat(32)),
        ] {
            assert_eq!(PartName::parse(&url), None, "{url}");
        }
    }
}
