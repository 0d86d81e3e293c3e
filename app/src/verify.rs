//! Hashes again what this browser keeps of the assistant's files. The engine does so at each start; here a reader can see it done.

use std::collections::BTreeMap;

use leptos::prelude::window;
use mambaformer_wasm::part_name::PartName;
use mambaformer_wasm::protocol::ASSET_STORE;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Cache, Request, Response};

use crate::device::Verified;

/// Address and hash of a file, and its parts in order.
type Files = BTreeMap<(String, String), BTreeMap<u64, (PartName, Request)>>;

/// Reads every kept file, hashes it and removes what is damaged or not whole; it is then fetched again at the next visit. `None` where
/// this browser's storage cannot be read.
pub(crate) async fn verify() -> Option<Verified> {
    let cache: Cache = JsFuture::from(window().caches().ok()?.open(ASSET_STORE)).await.ok()?.dyn_into().ok()?;
    let mut files = Files::new();
    for key in js_sys::Array::from(&JsFuture::from(cache.keys()).await.ok()?).iter() {
        let Ok(request) = key.dyn_into::<Request>() else { continue };
        let Some(name) = PartName::parse(&request.url()) else { continue };
        let file = files.entry((name.address.clone(), name.sha256.clone())).or_default();
        file.insert(name.part, (name, request));
    }
    let mut found = Verified::default();
    for ((_, sha256), parts) in &files {
        let bytes = joined(&cache, parts.values().map(|(_, request)| request)).await;
        let hash = match &bytes {
            Some(bytes) => hashed(bytes).await,
            None => None,
        };
        if let Some(bytes) = bytes.filter(|_| hash.as_deref() == Some(sha256)) {
            found.files += 1;
            found.bytes += u64::from(bytes.length());
            continue;
        }
        for (name, request) in parts.values() {
            let _ = JsFuture::from(cache.delete_with_request(request)).await;
            if !found.damaged.iter().any(|known| known == name.file()) {
                found.damaged.push(name.file().to_owned());
            }
        }
    }
    Some(found)
}

/// The parts of a file one behind the other.
async fn joined(cache: &Cache, parts: impl Iterator<Item = &Request>) -> Option<js_sys::Uint8Array> {
    let (mut read, mut length) = (Vec::new(), 0);
    for request in parts {
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
