//! Parts of downloaded files, kept in the browser's cache storage between visits: a download that broke off goes on where it was, and
//! what is there is not fetched again, so that the assistant starts without a server.
//!
//! A part is named by its file's address and hash, so that another version never gets it, and carries a hash of its own: storage that
//! went bad is noticed and fetched again. What is kept is checked against the index like what comes from the server.

use std::cell::Cell;

use mambaformer_clinical::assets::{Asset, AssetIndex};
use mambaformer_clinical::integrity::sha256_hex;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Cache, CacheStorage, Headers, Request, Response, ResponseInit};

use crate::part_name::PartName;
use crate::protocol::ASSET_STORE;

/// What is fetched again at most after a break.
pub(super) const PART_BYTES: u64 = 4 << 20;
const HASH: &str = "x-part-sha256";

/// A file of the index and where it lies.
#[derive(Clone)]
pub(super) struct Listed {
    /// Its size and hash.
    pub(super) asset: Asset,
    /// Absolute.
    pub(super) address: String,
}

impl Listed {
    /// How many parts it has.
    pub(super) fn parts(&self) -> u64 {
        self.asset.bytes.div_ceil(PART_BYTES)
    }

    /// Bytes of one part.
    pub(super) fn length(&self, part: u64) -> u64 {
        self.asset.bytes.saturating_sub(part * PART_BYTES).min(PART_BYTES)
    }

    /// What a part is kept as.
    fn name(&self, part: u64) -> String {
        PartName { address: self.address.clone(), sha256: self.asset.sha256.clone(), part }.to_string()
    }
}

/// The parts that are kept; nothing where the browser keeps nothing.
pub(super) struct Shelf {
    cache: Option<Cache>,
    /// Bytes that are kept of the files of this index, read or written in this visit.
    kept_bytes: Cell<u64>,
}

impl Shelf {
    /// Opens the cache storage, where there is one: not in private windows of some browsers, and not without a secure connection.
    pub(super) async fn open() -> Self {
        Self { cache: open().await, kept_bytes: Cell::new(0) }
    }

    /// Bytes of the files that are kept.
    pub(super) fn kept_bytes(&self) -> u64 {
        self.kept_bytes.get()
    }

    /// A part as it was kept; `None` where it is not, or not as it was.
    pub(super) async fn part(&self, file: &Listed, part: u64) -> Option<Vec<u8>> {
        let cache = self.cache.as_ref()?;
        let found = JsFuture::from(cache.match_with_str(&file.name(part))).await.ok()?;
        let response: Response = found.dyn_into().ok()?;
        let hash = response.headers().get(HASH).ok()??;
        let buffer = JsFuture::from(response.array_buffer().ok()?).await.ok()?;
        let bytes = js_sys::Uint8Array::new(&buffer).to_vec();
        let whole = bytes.len() as u64 == file.length(part) && sha256_hex(&bytes) == hash;
        if !whole {
            return None;
        }
        self.count(&bytes);
        Some(bytes)
    }

    /// Keeps a part. A full storage keeps nothing more; the files are then fetched again at the next visit.
    pub(super) async fn keep(&self, file: &Listed, part: u64, bytes: &[u8]) {
        let Some(cache) = &self.cache else { return };
        let put = || {
            let headers = Headers::new()?;
            headers.set(HASH, &sha256_hex(bytes))?;
            let about = ResponseInit::new();
            about.set_headers(&headers);
            let body = js_sys::Uint8Array::from(bytes);
            let response = Response::new_with_opt_js_u8_array_and_init(Some(&body), &about)?;
            Ok::<_, JsValue>(cache.put_with_str(&file.name(part), &response))
        };
        let kept = match put() {
            Ok(promise) => JsFuture::from(promise).await.is_ok(),
            Err(_) => false,
        };
        if kept {
            self.count(bytes);
        }
    }

    fn count(&self, kept: &[u8]) {
        self.kept_bytes.set(self.kept_bytes.get() + kept.len() as u64);
    }

    /// Removes the parts of one file: what they add up to does not match its hash.
    pub(super) async fn forget(&self, file: &Listed) {
        let Some(cache) = &self.cache else { return };
        for part in 0..file.parts() {
            let _ = JsFuture::from(cache.delete_with_str(&file.name(part))).await;
        }
    }

    /// Removes what belongs to other versions of the files. To be called when this version is loaded and checked: until then the one
    /// before is all there is.
    pub(super) async fn sweep(&self, index: &AssetIndex) {
        let Some(cache) = &self.cache else { return };
        let Ok(keys) = JsFuture::from(cache.keys()).await else { return };
        for key in js_sys::Array::from(&keys).iter() {
            let Ok(request) = key.dyn_into::<Request>() else { continue };
            let listed = PartName::parse(&request.url()).is_some_and(|name| {
                index.files().any(|asset| asset.sha256 == name.sha256 && name.address.ends_with(&asset.path))
            });
            if !listed {
                let _ = JsFuture::from(cache.delete_with_request(&request)).await;
            }
        }
    }
}

async fn open() -> Option<Cache> {
    let caches = js_sys::Reflect::get(&js_sys::global(), &JsValue::from_str("caches")).ok()?;
    let caches: CacheStorage = caches.dyn_into().ok()?;
    JsFuture::from(caches.open(ASSET_STORE)).await.ok()?.dyn_into().ok()
}
