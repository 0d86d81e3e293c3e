//! What the page says while its files are being downloaded.

use mambaformer_wasm::protocol::Hold;

use super::megabytes;

/// Memory that the engine needs beside its files, in bytes: measured as the size of the wasm memory after loading and answering.
const WORKING_BYTES: u64 = 64_000_000;

words! { download:
    /// The card.
    HEADING = heading;
    /// Holds the download.
    PAUSE = pause;
    /// Lets it go on.
    GO_ON = go_on;
    /// Held.
    PAUSED = paused;
    /// Waits.
    OTHER_TAB = other_tab;
}

/// What is downloaded, from where, and what it needs. `host` is the site's name; `free_bytes` what it may still keep; `memory_gb` what
/// the browser tells of the device.
#[must_use]
pub fn what(total_bytes: u64, host: &str, free_bytes: Option<u64>, memory_gb: Option<f64>) -> String {
    let (total, needed) = (megabytes(total_bytes), megabytes(total_bytes + WORKING_BYTES));
    let memory = match memory_gb {
        Some(gigabytes) if gigabytes < 1.0 => say!(download.little_memory).to_owned(),
        // Browsers tell a rounded number, and at most 8 or 32.
        Some(gigabytes) => say!(download.memory, gigabytes = format!("{gigabytes:.0}")),
        None => String::new(),
    };
    let storage = match free_bytes {
        Some(free) if free < total_bytes => say!(download.little_storage, free = megabytes(free)),
        _ => String::new(),
    };
    say!(download.what, total = total, host = host, needed = needed, memory = memory, storage = storage)
}

/// Why it does not go on.
#[must_use]
pub fn hold(hold: Hold) -> &'static str {
    match hold {
        Hold::Paused => PAUSED(),
        Hold::OtherTab => OTHER_TAB(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_is_needed_and_what_is_short() {
        let words = what(33_000_000, "chairside.example", Some(1_000_000_000), Some(8.0));
        for told in ["33.0 MB from chairside.example", "about 97.0 MB of memory; this device has 8 GB or more."] {
            assert!(words.contains(told), "{words}");
        }
        assert!(!words.contains("storage"), "{words}");
        let short = what(33_000_000, "h", Some(5_000_000), Some(0.5));
        assert!(short.contains("only 5.0 MB of storage") && short.contains("less than 1 GB"), "{short}");
        assert!(what(33_000_000, "h", None, None).contains("97.0 MB of memory. Passages"));
    }
}
