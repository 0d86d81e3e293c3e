//! Fetching one file as a stream.

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStreamDefaultReader, Response};

use super::load::LoadError;

#[wasm_bindgen]
extern "C" {
    /// The global `fetch`, the same in a page and in a worker.
    fn fetch(url: &str) -> js_sys::Promise;
}

/// A file of which the answer's head has arrived.
pub(super) struct Download {
    name: String,
    response: Response,
}

impl Download {
    /// Asks for `url`; `name` is what messages call it.
    pub(super) async fn start(url: &str, name: &str) -> Result<Self, LoadError> {
        let unreachable = |_| LoadError::Unreachable { name: name.to_owned() };
        let response = JsFuture::from(fetch(url)).await.map_err(unreachable)?;
        let response: Response = response.dyn_into().map_err(unreachable)?;
        if !response.ok() {
            return Err(LoadError::Status { name: name.to_owned(), status: response.status() });
        }
        Ok(Self { name: name.to_owned(), response })
    }

    /// Hands the bytes to `sink` as they come. After an error of the sink nothing more is received.
    pub(super) async fn stream(self, mut sink: impl FnMut(&[u8]) -> Result<(), LoadError>) -> Result<(), LoadError> {
        let broken = |_| LoadError::Broken { name: self.name.clone() };
        let Some(body) = self.response.body() else { return Ok(()) };
        let reader: ReadableStreamDefaultReader = body.get_reader().dyn_into().map_err(|_| broken(JsValue::NULL))?;
        let mut buffer = Vec::new();
        loop {
            let part = JsFuture::from(reader.read()).await.map_err(broken)?;
            let field = |key| js_sys::Reflect::get(&part, &JsValue::from_str(key)).map_err(broken);
            if field("done")?.is_truthy() {
                return Ok(());
            }
            let bytes: js_sys::Uint8Array = field("value")?.dyn_into().map_err(broken)?;
            buffer.resize(usize::try_from(bytes.length()).unwrap_or_default(), 0);
            bytes.copy_to(&mut buffer);
            if let Err(error) = sink(&buffer) {
                let _ = reader.cancel();
                return Err(error);
            }
        }
    }

    /// The whole file, at most `limit_bytes`.
    pub(super) async fn whole(self, limit_bytes: u64, mut on_bytes: impl FnMut(u64)) -> Result<Vec<u8>, LoadError> {
        let name = self.name.clone();
        let mut all = Vec::new();
        self.stream(|bytes| {
            all.extend_from_slice(bytes);
            if all.len() as u64 > limit_bytes {
                return Err(LoadError::TooLong { name: name.clone(), limit_bytes });
            }
            on_bytes(bytes.len() as u64);
            Ok(())
        })
        .await?;
        Ok(all)
    }
}
