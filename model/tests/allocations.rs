//! A decoder that has read its first token allocates nothing for the next ones.
#![allow(clippy::unwrap_used)] // helpers of tests, which clippy.toml does not see as tests

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use mambaformer_model::Routing;
use mambaformer_model::weights::Scheme;
use support::{Vectors, packed};

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, counting per thread.
struct Counting;

// SAFETY: every call goes to the system's allocator as it came; counting touches a thread-local cell that needs no allocation.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn reading_a_token_allocates_nothing() {
    for scheme in [Scheme::F32, Scheme::Q8, Scheme::Q4] {
        let model = packed("mambaformer_one_way", scheme);
        let ids = Vectors::open("mambaformer_one_way").ids("len33.input_ids");
        let encoded = model.encode(&ids, Routing::default()).unwrap();
        let mut state = model.begin_decoding(&encoded).unwrap();
        model.read(&mut state, &[0]).unwrap();
        // The rows of scores grow with the answer, 32 keys at a time: once past the first step they are long enough for a while.
        (1..34).for_each(|id| model.read(&mut state, &[id]).unwrap());
        let before = ALLOCATIONS.with(Cell::get);
        (34..60).for_each(|id| model.read(&mut state, &[id]).unwrap());
        assert_eq!(ALLOCATIONS.with(Cell::get) - before, 0, "{scheme:?}");
        // The count counts.
        model.decode(&mut state, &[60]).unwrap();
        assert!(ALLOCATIONS.with(Cell::get) > before, "{scheme:?}");
    }
}
