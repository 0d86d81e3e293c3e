//! Every kernel's case table on this machine's graphics processor (natively a software Vulkan adapter).
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests, which clippy.toml does not see as tests

use mambaformer_wasm::gpu::Gpu;
use mambaformer_wasm::gpu::shader::Pipelines;
use mambaformer_wasm::kernels::{self, case::Case};

fn gpu() -> Gpu {
    pollster::block_on(Gpu::open()).expect("no graphics adapter: install mesa-vulkan-drivers (lavapipe)")
}

fn run(cases: &[Case]) {
    run_on(&gpu(), cases);
}

fn run_on(gpu: &Gpu, cases: &[Case]) {
    assert!(!cases.is_empty());
    let mut pipelines = Pipelines::default();
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            pollster::block_on(case.run(gpu, &mut pipelines)).unwrap().map(|wrong| format!("{}: {wrong}", case.name))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {} cases are wrong:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

macro_rules! tables {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            run(&kernels::$name::cases());
        }
    )*};
}

tables! {
    attention_row attention_tile causal_conv combine compact copy embed gate_choose gate_features gather_rows grids matmul mixture
    pointer rms_norm sample scan score_rows
}

/// Integer products are a matter of the shader language, not of the device: at least that form runs everywhere outside browsers.
#[test]
fn every_form_of_the_products_that_this_device_offers() {
    let gpu = gpu();
    assert!(gpu.offers.contains(&kernels::matmul::Form::Dot4), "{:?}", gpu.offers);
    for &form in &gpu.offers {
        run_on(&gpu, &kernels::matmul::of_form(form));
    }
}
