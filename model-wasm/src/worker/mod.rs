//! The Web Worker: fetches and checks the model's files, then answers one question at a time.
//!
//! `js/worker.js` is the script a page starts; it makes a [`entry::WorkerEngine`] and hands it the page's messages.

pub mod entry;
mod fetch;
mod load;
mod message_loop;
mod pause;
mod script;
mod shelf;

pub use load::LoadError;
pub use message_loop::MessageLoop;
