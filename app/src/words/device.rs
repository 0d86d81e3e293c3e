//! What the page says of this device: what is kept here, and what may leave.

use mambaformer_wasm::protocol::Stored;

use super::megabytes;
use crate::device::{Device, PageCopy, Seal};

/// The section.
pub const HEADING: &str = "This device";
/// Starts anew with the version that waits.
pub const TAKE: &str = "Use the new version";
/// What that costs.
pub const UPDATE_WAITS: &str =
    "A new version has been downloaded. Taking it starts the page anew and clears what is on it.";
/// Removes the files.
pub const REMOVE: &str = "Remove the downloaded files";
/// They are gone.
pub const REMOVED: &str =
    "Removed. The assistant works until you close the page, and is downloaded again the next time.";
/// What is promised of the question and the note.
pub const NOTHING_KEPT: &str =
    "Only program, model and settings are kept. Questions, notes and answers are in this page's memory alone.";

/// Clears the page.
pub const CLEAR: &str = "Clear the page";
/// The same by keys, for people and for `aria-keyshortcuts`.
pub const CLEAR_KEYS: &str = "Alt+Shift+C";
/// The choice of when the page clears itself.
pub const CLEAR_AFTER: &str = "Clear it by itself";
/// Clears it when it is not seen any more.
pub const CLEAR_HIDDEN: &str = "also when another tab or program covers it";
/// Keeps the page from being cleared.
pub const KEEP: &str = "Keep it";

/// A choice of when the page clears itself: minutes without a touch; 0 is never.
#[must_use]
pub fn clear_after(minutes: u32) -> String {
    match minutes {
        0 => "never".to_owned(),
        1 => "after 1 minute".to_owned(),
        minutes => format!("after {minutes} minutes"),
    }
}

/// The page is about to be cleared.
#[must_use]
pub fn clears_in(seconds: u32) -> String {
    format!("Nobody has touched this page for a while. It is cleared in {seconds} s.")
}

/// What is told in the summary.
#[must_use]
pub fn short(device: &Device, stored: Option<Stored>) -> &'static str {
    match (device.works_offline(stored), device.seal.sealed) {
        (true, true) => "works offline, sealed",
        (true, false) => "works offline",
        (false, true) => "sealed",
        (false, false) => "",
    }
}

/// What works without a server.
#[must_use]
pub fn offline(device: &Device, stored: Option<Stored>) -> String {
    match (device.page, stored) {
        (PageCopy::Unable, _) => {
            "This browser keeps no copy of the page here (no service worker, or no secure connection): the server is \
             needed each time."
                .to_owned()
        }
        (_, None) => "The files are still being downloaded.".to_owned(),
        (_, Some(stored)) if !stored.is_whole() => format!(
            "{} of {} MB could be kept: this browser gives no more space, or keeps nothing in a private window. The rest is downloaded \
             each time.",
            megabytes(stored.kept_bytes),
            megabytes(stored.total_bytes)
        ),
        (PageCopy::Coming, Some(_)) => "The model is kept; the page itself is still being kept.".to_owned(),
        (PageCopy::Kept, Some(_)) => "Everything works without a connection and with the server stopped.".to_owned(),
    }
}

/// What is kept, and how safely.
#[must_use]
pub fn space(device: &Device, stored: Option<Stored>) -> String {
    let kept = stored.map_or(0, |stored| stored.kept_bytes);
    let used = device.space.map_or_else(String::new, |(used, quota)| {
        format!(" This site uses {} of at most {} MB.", megabytes(used), megabytes(quota))
    });
    let promise = if device.persisted {
        "The browser has promised to keep them."
    } else {
        "The browser may remove them when space is short."
    };
    format!("{} MB of the assistant's files.{used} {promise}", megabytes(kept))
}

/// What may leave.
#[must_use]
pub fn seal(seal: &Seal) -> String {
    if !seal.sealed {
        return "The page seals itself as soon as everything is loaded: from then on it can open no connection."
            .to_owned();
    }
    let requests = match seal.requests.len() {
        0 => "It has asked for nothing since".to_owned(),
        1 => "It has asked for 1 file of its own since".to_owned(),
        count => format!("It has asked for {count} files of its own since"),
    };
    let refused = match seal.refused {
        0 => "nothing was refused".to_owned(),
        1 => "1 attempt was refused".to_owned(),
        count => format!("{count} attempts were refused"),
    };
    format!("Sealed: neither the page nor its engine can open a connection. {requests}; {refused}.")
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert!(offline(&device, stored).contains(words), "{}", offline(&device, stored));
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
        assert_eq!(clear_after(0), "never");
    }
}
