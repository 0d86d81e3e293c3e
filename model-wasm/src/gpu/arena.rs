//! The static memory plan: while the programs are made, a buffer that is no longer read is handed to the next tensor that fits.
//!
//! Tensors of one program live from the dispatch that writes them to the last that reads them; since programs are made in the order
//! in which they run, taking and giving back while making them is the plan. Buffers are whole, not parts of one: a dispatch may not bind
//! one buffer for reading and for writing.

use std::rc::Rc;

use super::Gpu;

/// A tensor's place.
pub type Buffer = Rc<wgpu::Buffer>;

/// Buffers of activations. All may hold what a patient's note led to.
#[derive(Default)]
pub struct Arena {
    free: Vec<Buffer>,
    all: Vec<Buffer>,
}

impl Arena {
    /// A buffer of at least `bytes` bytes: the smallest free one that is large enough, or a new one.
    pub fn take(&mut self, gpu: &Gpu, label: &str, bytes: usize) -> Buffer {
        let needed = bytes as u64;
        let fitting = (0..self.free.len())
            .filter(|index| self.free[*index].size() >= needed)
            .min_by_key(|index| self.free[*index].size());
        if let Some(index) = fitting {
            return self.free.swap_remove(index);
        }
        let buffer = Rc::new(gpu.storage(label, needed));
        self.all.push(Rc::clone(&buffer));
        buffer
    }

    /// Gives a buffer back: what is appended to the program from now on may overwrite it.
    pub fn give(&mut self, buffer: Buffer) {
        self.free.push(buffer);
    }

    /// Counts a buffer in that is never handed on.
    pub fn own(&mut self, buffer: &Buffer) {
        self.all.push(Rc::clone(buffer));
    }

    /// Bytes of all buffers.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.all.iter().map(|buffer| buffer.size()).sum()
    }

    /// Overwrites every buffer with zeros.
    pub fn clear(&self, encoder: &mut wgpu::CommandEncoder) {
        for buffer in &self.all {
            encoder.clear_buffer(buffer, 0, None);
        }
    }
}
