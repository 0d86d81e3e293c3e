//! Fetching one file as a stream, from any byte of it.

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Headers, ReadableStreamDefaultReader, RequestInit, Response};

use super::load::LoadError;

#[wasm_bindgen]
extern "C" {
    /// The global `fetch`, the same in a page and in a worker.
    fn fetch(url: &str, about: &RequestInit) -> js_sys::Promise;
}

/// The server sends a part of the file.
const PARTIAL_CONTENT: u16 = 206;

/// A file of which the answer's head has arrived.
pub(super) struct Download {
    name: String,
    reader: Option<ReadableStreamDefaultReader>,
    /// Bytes still to be left out: the server sent more than was asked for.
    skip: u64,
}

impl Download {
    /// Asks for the bytes of `url` from `start` on; `name` is what messages call it.
    pub(super) async fn start(url: &str, name: &str, start: u64) -> Result<Self, LoadError> {
        let unreachable = |_: JsValue| LoadError::Unreachable { name: name.to_owned() };
        let about = RequestInit::new();
        if start > 0 {
            let headers = Headers::new().map_err(unreachable)?;
            headers.set("range", &format!("bytes={start}-")).map_err(unreachable)?;
            about.set_headers(&headers);
        }
        let response = JsFuture::from(fetch(url, &about)).await.map_err(unreachable)?;
        let response: Response = response.dyn_into().map_err(unreachable)?;
        if !response.ok() {
            return Err(LoadError::Status { name: name.to_owned(), status: response.status() });
        }
        let reader = response.body().map(|body| body.get_reader().unchecked_into());
        let skip = if response.status() == PARTIAL_CONTENT { 0 } else { start };
        Ok(Self { name: name.to_owned(), reader, skip })
    }

    /// The next bytes; `None` at the end of the file.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<u8>>, LoadError> {
        let broken = |_| LoadError::Broken { name: self.name.clone() };
        let Some(reader) = &self.reader else { return Ok(None) };
        let part = JsFuture::from(reader.read()).await.map_err(broken)?;
        let field = |key| js_sys::Reflect::get(&part, &JsValue::from_str(key)).map_err(broken);
        if field("done")?.is_truthy() {
            return Ok(None);
        }
        let bytes: js_sys::Uint8Array = field("value")?.dyn_into().map_err(broken)?;
        let skipped = self.skip.min(u64::from(bytes.length()));
        self.skip -= skipped;
        let first = u32::try_from(skipped).unwrap_or(u32::MAX);
        Ok(Some(bytes.subarray(first, bytes.length()).to_vec()))
    }
}

impl Drop for Download {
    /// What nobody reads is not received.
    fn drop(&mut self) {
        if let Some(reader) = &self.reader {
            let cancelled = JsFuture::from(reader.cancel());
            // A stream that broke refuses that as well, and a refusal that nobody hears of would end the worker.
            spawn_local(async move {
                let _ = cancelled.await;
            });
        }
    }
}
