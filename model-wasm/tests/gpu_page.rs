//! The kernels' tables and the whole engine in a page of a real browser.
#![cfg(target_arch = "wasm32")]

mod gpu_support;
mod made;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
gpu_support::browser_tests!();
