//! What tests of the GPU against the reference share.
#![allow(clippy::unwrap_used, clippy::expect_used, dead_code)]

use std::rc::Rc;

use mambaformer_model::MambaFormer;
use mambaformer_model::weights::{Scheme, Weights};
use mambaformer_wasm::gpu::variants::Quarantine;
use mambaformer_wasm::gpu::{Capacity, Gpu, GpuModel};

use crate::made;

pub const CAPACITY: Capacity = Capacity { prompt: 1024, answer: 256 };

pub fn load(weights: &Weights) -> Rc<GpuModel> {
    pollster::block_on(async {
        let gpu = Gpu::open().await.expect("no graphics adapter: install mesa-vulkan-drivers (lavapipe)");
        Rc::new(GpuModel::load(Rc::new(gpu), weights, CAPACITY, &Quarantine::default()).await.unwrap())
    })
}

/// The very values that packed weights stand for, in f32.
pub fn widened(packed: &Weights) -> Weights {
    let config = packed.config().clone();
    let mut packed = packed.clone();
    made::weights(&config, Scheme::F32, |spec| packed.take_f32(&spec.name).unwrap())
}

/// The reference over these values: what the GPU computes with.
pub fn reference(packed: &Weights) -> MambaFormer {
    MambaFormer::load(&packed.config().clone(), &mut widened(packed)).unwrap()
}

/// How much likelier the likeliest token is than the second, as a part of it.
pub fn greedy_margin(probabilities: &[f32]) -> f32 {
    let (first, second) = probabilities
        .iter()
        .fold((0.0f32, 0.0f32), |(first, second), &p| if p > first { (p, first) } else { (first, second.max(p)) });
    (first - second) / first.max(f32::MIN_POSITIVE)
}
