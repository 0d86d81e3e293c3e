//! The kernels' tables and the whole engine in a dedicated worker of a real browser, where the product runs them.
#![cfg(target_arch = "wasm32")]

mod gpu_support;
mod made;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_dedicated_worker);
gpu_support::browser_tests!();
