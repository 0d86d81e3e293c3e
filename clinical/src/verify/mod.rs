//! Verification: what copying whole units can still get wrong, checked after the model and before a text is called supported.
//!
//! Grounded decoding never invents a word, but it can glue true sentences into a false text: a sentence without the one it refers
//! to, a dose beside another drug, advice for children after advice for adults. [`Verifier::check`] reads the answer sentence by
//! sentence against its sources. What does not hold is replaced by the source's own whole sentences, or withheld. For freely
//! generated text ([`Verifier::check_free`]) numbers, drugs, negations and content words are held against the cited sentences.
//!
//! [`AnswerState::decide`] says how the answer ended, [`Confidence`] which of three measured bands it belongs to.

mod confidence;
mod contradiction;
mod cuts;
mod draft;
mod facts;
mod lexicon;
mod mixture;
mod note;
mod state;
mod verifier;
mod wording;
mod words;

pub use confidence::{Band, Confidence, ConfidenceError, Feature, Features, Measured};
pub use draft::{Draft, Group, Kind, Reason, Source, Span, Verdict};
pub use facts::facts;
pub use lexicon::Lexicon;
pub use state::{AnswerState, Ending, MAX_GAPS, gaps};
pub use verifier::Verifier;
