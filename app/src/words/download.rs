//! What the page says while its files are being downloaded.

use mambaformer_wasm::protocol::Hold;

use super::megabytes;

/// Memory that the engine needs beside its files, in bytes: measured as the size of the wasm memory after loading and answering.
const WORKING_BYTES: u64 = 64_000_000;

/// The card.
pub const HEADING: &str = "Downloading the assistant";
/// Holds the download.
pub const PAUSE: &str = "Pause";
/// Lets it go on.
pub const GO_ON: &str = "Go on";

/// What is downloaded, from where, and what it needs. `host` is the site's name; `free_bytes` what it may still keep; `memory_gb` what
/// the browser tells of the device.
#[must_use]
pub fn what(total_bytes: u64, host: &str, free_bytes: Option<u64>, memory_gb: Option<f64>) -> String {
    let memory = memory_gb.map(memory).unwrap_or_default();
    let storage = match free_bytes {
        Some(free) if free < total_bytes => format!(
            " This browser gives the site only {} MB of storage: what does not fit is downloaded again at each visit.",
            megabytes(free)
        ),
        _ => String::new(),
    };
    format!(
        "{} MB from {host}, once: they are checked and kept on this device. The assistant needs about {} MB of memory{memory}.{storage} \
         Passages, doses, calculators and red flags work meanwhile.",
        megabytes(total_bytes),
        megabytes(total_bytes + WORKING_BYTES)
    )
}

/// Browsers tell a rounded number, and at most 8 or 32.
fn memory(gigabytes: f64) -> String {
    if gigabytes < 1.0 {
        "; this device has less than 1 GB, which may be too little".to_owned()
    } else {
        format!("; this device has {gigabytes:.0} GB or more")
    }
}

/// Why it does not go on.
#[must_use]
pub fn hold(hold: Hold) -> &'static str {
    match hold {
        Hold::Paused => "Paused. What is here already is kept.",
        Hold::OtherTab => {
            "Another tab of this browser is downloading the same files; they are taken over as they arrive. If it stands still, this tab \
             downloads them itself."
        }
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
