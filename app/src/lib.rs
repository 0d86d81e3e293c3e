//! MambaFormer Chairside: what is seen.
//!
//! [`session`] is what the page knows (plain data, with [`abbreviations`], [`calculators`], [`browsing`], [`take_away`], [`device`], [`display`], [`note_file`], [`speed`] and [`idle`]), [`assistant`] the way to the worker, [`parts`] what is on screen,
//! [`words`] what it says, in which [`language`]. The page knows no tensors and no clinical rules.

#[macro_use]
pub mod language;

pub mod abbreviations;
pub mod browsing;
pub mod calculators;
pub mod device;
pub mod display;
pub mod idle;
pub mod note_file;
pub mod session;
pub mod spans;
pub mod speed;
pub mod take_away;
pub mod words;

#[cfg(target_arch = "wasm32")]
pub mod assistant;
#[cfg(target_arch = "wasm32")]
pub mod keeper;
#[cfg(target_arch = "wasm32")]
pub mod page;
#[cfg(target_arch = "wasm32")]
pub mod parts;
#[cfg(target_arch = "wasm32")]
mod settings;
#[cfg(target_arch = "wasm32")]
mod verify;

/// Puts the page into the document.
#[cfg(target_arch = "wasm32")]
pub fn mount() {
    page::mount();
}

/// The page lives in a browser; natively only its plain parts build, for their tests.
#[cfg(not(target_arch = "wasm32"))]
pub fn mount() {}
