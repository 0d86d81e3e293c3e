//! Any header of any file length is refused or fills its file without gap or overlap.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mambaformer_model::weights::Header;

fuzz_target!(|input: (u16, &[u8])| {
    let (data_bytes, json) = input;
    let file_bytes = 8 + json.len() as u64 + u64::from(data_bytes);
    let Ok(header) = Header::parse(json, file_bytes) else { return };
    let mut end = 0;
    for entry in &header.entries {
        assert_eq!(entry.start, end);
        assert!(entry.end >= entry.start);
        end = entry.end;
    }
    assert_eq!(end, u64::from(data_bytes));
});
