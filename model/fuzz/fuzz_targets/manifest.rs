//! Any bytes are refused or make a manifest whose files have plain names and chunks that add up.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mambaformer_model::manifest::Manifest;

fuzz_target!(|bytes: &[u8]| {
    let Ok(manifest) = Manifest::parse(bytes) else { return };
    for file in [&manifest.files.weights, &manifest.files.tokenizer] {
        assert!(!file.path.contains(['/', '\\', ':']));
        let lengths: u64 = (0..file.chunks.len()).filter_map(|index| file.chunk_length(index)).sum();
        assert_eq!(lengths, file.bytes);
    }
});
