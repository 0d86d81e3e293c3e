//! Hashes again what this browser keeps of the assistant's files. The engine does so at each start; here a reader can see it done.

use leptos::prelude::window;
use mambaformer_wasm::part_name::PartName;
use mambaformer_wasm::protocol::ASSET_STORE;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Cache, Request, Response};

use crate::device::Verified;

/// Reads every kept file, hashes it and removes what is damaged or not whole; it is then fetched again at the next visit. `None` where
/// this browser's storage cannot be read.
pub(crate) async fn verify() -> Option<Verified> {
    let cache: Cache = JsFuture::from(window().caches().ok()?.open(ASSET_STORE)).await.ok()?.dyn_into().ok()?;
    // In the order of files, and of the parts of each.
    let mut parts: Vec<(PartName, Request)> = Vec::new();
    for key in js_sys::Array::from(&JsFuture::from(cache.keys()).await.ok()?).iter() {
        let Ok(request) = key.dyn_into::<Request>() else { continue };
        parts.extend(PartName::parse(&request.url()).map(|name| (name, request)));
    }
    parts.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut found = Verified::default();
    for file in parts.chunk_by(|(a, _), (b, _)| a.is_of_the_file_of(b)) {
        let Some((name, _)) = file.first() else { continue };
        let bytes = joined(&cache, file).await;
        let hash = match &bytes {
            Some(bytes) => hashed(bytes).await,
            None => None,
        };
        if let Some(bytes) = bytes.filter(|_| hash.as_deref() == Some(&name.sha256)) {
            found.files += 1;
            found.bytes += u64::from(bytes.length());
            continue;
        }
        for (_, request) in file {
            let _ = JsFuture::from(cache.delete_with_request(request)).await;
        }
        // Two folders may have a file of one name.
        if !found.damaged.iter().any(|known| known == name.file()) {
            found.damaged.push(name.file().to_owned());
        }
    }
    Some(found)
}

/// The parts of a file one behind the other.
async fn joined(cache: &Cache, parts: &[(PartName, Request)]) -> Option<js_sys::Uint8Array> {
    let (mut read, mut length) = (Vec::new(), 0);
    for (_, request) in parts {
        let response: Response = JsFuture::from(cache.match_with_request(request)).await.ok()?.dyn_into().ok()?;
        let part = js_sys::Uint8Array::new(&JsFuture::from(response.array_buffer().ok()?).await.ok()?);
        length += part.length();
        read.push(part);
    }
    let whole = js_sys::Uint8Array::new_with_length(length);
    let mut at = 0;
    for part in read {
        whole.set(&part, at);
        at += part.length();
    }
    Some(whole)
}

/// SHA-256 in lower-case hexadecimal, by the browser; `None` without a secure connection.
async fn hashed(bytes: &js_sys::Uint8Array) -> Option<String> {
    let digest = window().crypto().ok()?.subtle().digest_with_str_and_buffer_source("SHA-256", bytes).ok()?;
    let digest = js_sys::Uint8Array::new(&JsFuture::from(digest).await.ok()?).to_vec();
    Some(digest.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}")))
}
