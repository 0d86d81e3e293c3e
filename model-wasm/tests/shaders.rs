//! Every shader text that a model can ask for is valid WGSL within WebGPU's default limits: checked by naga, without a device.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests, which clippy.toml does not see as tests

use std::collections::BTreeSet;

use mambaformer_wasm::gpu::program::Kernel;
use mambaformer_wasm::kernels::decide::Decide;
use mambaformer_wasm::kernels::matmul::Form;
use mambaformer_wasm::kernels::{
    attention_row, attention_tile, causal_conv, combine, compact, copy, embed, gate_choose, gate_features, gather_rows,
    grids, matmul, mixture, pointer, rms_norm, sample, scan, score_rows,
};
use naga::valid::Capabilities;

/// Bytes of workgroup memory that every WebGPU device has.
const WORKGROUP_BYTES: u32 = 16 << 10;

fn check(kernel: &dyn Kernel, optional: Capabilities, seen: &mut BTreeSet<String>) {
    let text = kernel.text();
    if !seen.insert(text.clone()) {
        return;
    }
    let name = kernel.name();
    assert!(!text.contains("{{"), "{name}: a variable was not put in");
    let mut options = naga::front::wgsl::Options::new();
    options.capabilities |= optional;
    let module = naga::front::wgsl::Frontend::new_with_options(options)
        .parse(&text)
        .unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(&text)));
    let flags = naga::valid::ValidationFlags::all();
    // No optional capability: the default limits and features have to do. (naga counts WGSL's own unpack2x16float as one, since some
    // desktop drivers outside WebGPU lack it.)
    let capabilities = Capabilities::SHADER_FLOAT16_IN_FLOAT32 | optional;
    let info = naga::valid::Validator::new(flags, capabilities)
        .subgroup_stages(naga::valid::ShaderStages::COMPUTE)
        .subgroup_operations(naga::valid::SubgroupOperationSet::all())
        .validate(&module)
        .unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(&text)));
    let entry = &module.entry_points[0];
    let invocations: u32 = entry.workgroup_size.iter().product();
    assert!(invocations <= 256, "{name}: {invocations} invocations");
    let mut layouter = naga::proc::Layouter::default();
    layouter.update(module.to_ctx()).unwrap();
    let (mut workgroup, mut storage) = (0, 0);
    for (handle, variable) in module.global_variables.iter() {
        match variable.space {
            naga::AddressSpace::WorkGroup => workgroup += layouter[variable.ty].size,
            naga::AddressSpace::Storage { .. } if !info.get_entry_point(0)[handle].is_empty() => storage += 1,
            _ => {}
        }
    }
    assert!(workgroup <= WORKGROUP_BYTES, "{name}: {workgroup} bytes of workgroup memory");
    assert!(storage <= 8, "{name}: {storage} storage buffers");
    assert!(kernel.bindings().len() <= 8, "{name}: {} storage bindings", kernel.bindings().len());
}

#[test]
fn all_variants_are_valid_within_the_default_limits() {
    let mut seen = BTreeSet::new();
    let tables = [
        attention_row::cases(),
        attention_tile::cases(),
        causal_conv::cases(),
        combine::cases(),
        compact::cases(),
        copy::cases(),
        embed::cases(),
        gate_choose::cases(),
        gate_features::cases(),
        gather_rows::cases(),
        grids::cases(),
        matmul::cases(),
        mixture::cases(),
        pointer::cases(),
        rms_norm::cases(),
        sample::cases(),
        scan::cases(),
        score_rows::cases(),
    ];
    for case in tables.iter().flatten() {
        check(case.kernel.as_ref(), Capabilities::empty(), &mut seen);
    }
    for (form, capabilities) in [
        (Form::Half, Capabilities::SHADER_FLOAT16),
        (Form::Dot4, Capabilities::empty()),
        (Form::Subgroup, Capabilities::SUBGROUP),
    ] {
        let before = seen.len();
        for case in matmul::of_form(form) {
            check(case.kernel.as_ref(), capabilities, &mut seen);
        }
        assert!(seen.len() >= before + 8, "{form:?}: {} texts of its own", seen.len() - before);
    }
    check(
        &Decide { max_units: 8, max_vocabulary: 64, max_ends: 4, max_unit_tokens: 64, max_rows: 64, copies: true },
        Capabilities::empty(),
        &mut seen,
    );
    assert!(seen.len() > 40, "only {} texts", seen.len());
}

#[test]
fn every_shader_file_has_its_kernel() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shaders");
    let names: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    let expected = [
        // kernels
        "attention_row",
        "attention_tile",
        "causal_conv",
        "combine",
        "compact",
        "copy",
        "decide",
        "embed",
        "gate_choose",
        "gate_features",
        "gather_rows",
        "grids",
        "matmul_rows",
        "matmul_tile",
        "mixture",
        "pointer",
        "rms_norm",
        "sample",
        "scan_apply",
        "scan_chunk",
        "score_rows",
        // parts put into kernels
        "epilogue",
        "packed_q4",
        "packed_q8",
        "product_interface",
        "reduction",
        "shares_subgroup",
        "shares_workgroup",
        "tile_dot4",
        "tile_float",
        "weights_f32",
        "weights_q4",
        "weights_q8",
    ];
    assert_eq!(names, expected.iter().map(|name| (*name).to_owned()).collect());
}
