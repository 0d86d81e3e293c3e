//! What tests of the GPU against the reference share.
#![allow(clippy::unwrap_used, clippy::expect_used, dead_code)]

use std::rc::Rc;

use candle_core::Tensor;
use mambaformer_model::weights::{Scheme, Weights};
use mambaformer_model::{DecoderState, MambaFormer};
use mambaformer_wasm::gpu::variants::Variants;
use mambaformer_wasm::gpu::{Capacity, Gpu, GpuModel};

use crate::made;

pub const CAPACITY: Capacity = Capacity { prompt: 1024, answer: 256 };

pub fn gpu() -> Rc<Gpu> {
    Rc::new(pollster::block_on(Gpu::open()).expect("no graphics adapter: install mesa-vulkan-drivers (lavapipe)"))
}

pub fn load(weights: &Weights) -> Rc<GpuModel> {
    load_as(gpu(), weights, &Variants::default())
}

pub fn load_as(gpu: Rc<Gpu>, weights: &Weights, variants: &Variants) -> Rc<GpuModel> {
    Rc::new(pollster::block_on(GpuModel::load(gpu, weights, CAPACITY, variants)).unwrap())
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

/// A few tokens of a prompt in the place of its question: more than some models read before an answer, fewer than others.
pub fn asked(ids: &[u32]) -> &[u32] {
    ids.get(1..ids.len().min(12)).unwrap_or_default()
}

/// The decoder's state `[1, d_model]` when it has read what stands before an answer to `question`.
pub fn first_state(model: &MambaFormer, state: &mut DecoderState, question: &[u32]) -> Tensor {
    let start = model.config().decoder_start(question);
    model.decode(state, &start).unwrap().narrow(0, start.len() - 1, 1).unwrap()
}
