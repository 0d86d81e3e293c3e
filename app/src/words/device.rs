//! What the page says of this device: what is kept here, and what may leave.

use mambaformer_wasm::protocol::Stored;

use super::megabytes;
use crate::device::{Device, PageCopy, Seal, Verified};

words! { device:
    /// The section.
    HEADING = heading;
    /// Before what works without a server.
    OFFLINE = offline;
    /// Before what is kept.
    KEPT = kept;
    /// Before what may leave.
    CONNECTIONS = connections;
    /// Starts anew with the version that waits.
    TAKE = take;
    /// What that costs.
    UPDATE_WAITS = update_waits;
    /// Hashes the files again.
    VERIFY = verify;
    /// While they are hashed.
    VERIFYING = verifying;
    /// Removes the files.
    REMOVE = remove;
    /// They are gone.
    REMOVED = removed;
    /// What is promised of the question and the note.
    NOTHING_KEPT = nothing_kept;
    /// Clears the page.
    CLEAR = clear;
    /// The same by keys.
    CLEAR_KEYS_TOLD = clear_keys;
    /// The choice of when the page clears itself.
    CLEAR_AFTER = clear_after;
    /// Clears it when it is not seen any more.
    CLEAR_HIDDEN = clear_hidden;
    /// Keeps the page from being cleared.
    KEEP = keep;
}

/// The keys that clear the page, for `aria-keyshortcuts`.
pub const CLEAR_KEYS: &str = "Alt+Shift+C";

/// A choice of when the page clears itself: minutes without a touch; 0 is never.
#[must_use]
pub fn after(minutes: u32) -> String {
    match minutes {
        0 => say!(device.never).to_owned(),
        1 => say!(device.after_one).to_owned(),
        minutes => say!(device.after_many, minutes = minutes),
    }
}

/// The page is about to be cleared.
#[must_use]
pub fn clears_in(seconds: u32) -> String {
    say!(device.clears_in, seconds = seconds)
}

/// What is told in the summary.
#[must_use]
pub fn short(device: &Device, stored: Option<Stored>) -> &'static str {
    match (device.works_offline(stored), device.seal.sealed) {
        (true, true) => say!(device.short_both),
        (true, false) => say!(device.short_offline),
        (false, true) => say!(device.short_sealed),
        (false, false) => "",
    }
}

/// What works without a server.
#[must_use]
pub fn works_offline(device: &Device, stored: Option<Stored>) -> String {
    match (device.page, stored) {
        (PageCopy::Unable, _) => say!(device.unable).to_owned(),
        (_, None) => say!(device.coming).to_owned(),
        (_, Some(stored)) if !stored.is_whole() => {
            let (kept, total) = (megabytes(stored.kept_bytes), megabytes(stored.total_bytes));
            say!(device.partly, kept = kept, total = total)
        }
        (PageCopy::Coming, Some(_)) => say!(device.page_coming).to_owned(),
        (PageCopy::Kept, Some(_)) => say!(device.whole).to_owned(),
    }
}

/// What is kept, and how safely.
#[must_use]
pub fn space(device: &Device, stored: Option<Stored>) -> String {
    let kept = stored.map_or(0, |stored| stored.kept_bytes);
    let used = device.space.map(|(used, quota)| say!(device.used, used = megabytes(used), quota = megabytes(quota)));
    let promise = if device.persisted { say!(device.promised) } else { say!(device.not_promised) };
    let told = [Some(say!(device.space, kept = megabytes(kept))), used, Some(promise.to_owned())];
    told.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// What came of hashing the files again; nothing where the storage could not be read.
#[must_use]
pub fn verified(found: Option<&Verified>) -> String {
    let Some(found) = found else { return say!(device.verify_unable).to_owned() };
    if found.damaged.is_empty() {
        return say!(device.verified, count = found.files, megabytes = megabytes(found.bytes));
    }
    say!(device.verify_damaged, names = found.damaged.join(", "))
}

/// What may leave.
#[must_use]
pub fn seal(seal: &Seal) -> String {
    if !seal.sealed {
        return say!(device.unsealed).to_owned();
    }
    let requests = match seal.requests.len() {
        0 => say!(device.requests_none).to_owned(),
        1 => say!(device.requests_one).to_owned(),
        count => say!(device.requests_many, count = count),
    };
    let refused = match seal.refused {
        0 => say!(device.refused_none).to_owned(),
        1 => say!(device.refused_one).to_owned(),
        count => say!(device.refused_many, count = count),
    };
    say!(device.sealed, requests = requests, refused = refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_file_is_named() {
        let found = |damaged: &[&str]| Verified {
            files: 9,
            bytes: 33_000_000,
            damaged: damaged.iter().map(|&name| name.to_owned()).collect(),
        };
        for (found, expected) in [
            (Some(found(&[])), "9 files, 33"),
            (Some(found(&["vectors.bin", "lexicon.json"])), "vectors.bin, lexicon.json"),
            (None, "cannot be read"),
        ] {
            let said = verified(found.as_ref());
            assert!(said.contains(expected), "{said}");
        }
    }

    #[test]
    fn every_state_says_what_it_means() {
        let whole = Some(Stored { kept_bytes: 33_000_000, total_bytes: 33_000_000 });
        let part = Some(Stored { kept_bytes: 4_000_000, total_bytes: 33_000_000 });
        let kept = Device { page: PageCopy::Kept, ..Device::default() };
        for (device, stored, words) in [
            (kept.clone(), whole, "without a connection"),
            (kept.clone(), part, "4.0 of 33.0 MB"),
            (kept.clone(), None, "still being downloaded"),
            (Device::default(), whole, "still being kept"),
            (Device { page: PageCopy::Unable, ..Device::default() }, whole, "no service worker"),
        ] {
            assert!(works_offline(&device, stored).contains(words), "{}", works_offline(&device, stored));
        }
        assert_eq!(short(&kept, whole), "works offline");
        assert_eq!(short(&kept, part), "");
        let sealed = Seal { sealed: true, requests: vec!["a".to_owned()], refused: 2 };
        assert!(seal(&sealed).contains("1 file of its own since; 2 attempts were refused"));
        assert!(!seal(&Seal::default()).contains("Sealed"));
        let device = Device { space: Some((35_000_000, 2_000_000_000)), persisted: true, ..kept };
        assert!(
            space(&device, whole).contains("35.0 of at most 2000.0 MB") && space(&device, whole).contains("promised")
        );
        assert_eq!(after(0), "never");
    }
}
