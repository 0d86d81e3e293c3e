//! What this device keeps, and what may still leave the page: plain data, filled by the browser's side (`keeper`).

use mambaformer_wasm::protocol::Stored;

/// The page itself in the browser's storage.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PageCopy {
    /// It is being kept.
    #[default]
    Coming,
    /// It is there.
    Kept,
    /// This browser keeps no pages here: no service workers, or no secure connection.
    Unable,
}

/// What the page's own seal has seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seal {
    /// The page may open no connection.
    pub sealed: bool,
    /// What the page asked for since, by address: its own files, answered from the copy.
    pub requests: Vec<String>,
    /// Attempts that the policy refused since.
    pub refused: u32,
}

/// What came of hashing the kept files again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    /// Files that are as published.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Names of files that were not, and are removed.
    pub damaged: Vec<String>,
}

/// What is known of this device.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Device {
    /// The page's copy.
    pub page: PageCopy,
    /// Whether the browser has promised not to remove what is kept when space is short.
    pub persisted: bool,
    /// Bytes in use and bytes that may be used, as the browser says.
    pub space: Option<(u64, u64)>,
    /// Another version has been fetched and waits to be taken.
    pub update_waits: bool,
    /// What may leave.
    pub seal: Seal,
}

impl Device {
    /// Whether everything works with the server stopped.
    #[must_use]
    pub fn works_offline(&self, stored: Option<Stored>) -> bool {
        self.page == PageCopy::Kept && stored.is_some_and(Stored::is_whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offline_takes_the_page_and_every_byte() {
        let whole = Some(Stored { kept_bytes: 5, total_bytes: 5 });
        let part = Some(Stored { kept_bytes: 4, total_bytes: 5 });
        for (page, stored, works) in [
            (PageCopy::Kept, whole, true),
            (PageCopy::Kept, part, false),
            (PageCopy::Kept, None, false),
            (PageCopy::Coming, whole, false),
            (PageCopy::Unable, whole, false),
        ] {
            assert_eq!(Device { page, ..Device::default() }.works_offline(stored), works, "{page:?} {stored:?}");
        }
    }
}
