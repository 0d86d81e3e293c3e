//! Whether a question is one that the knowledge base covers: in, out, or uncertain.
//!
//! [`Signals`] are numbers that a search and the question's wording give; [`ScopeModel`] weighs them by a logistic function whose coefficients and
//! thresholds stand in `assets/scope.json` and were fitted on labelled questions. What decides can be read: a cue ("ignore … instructions"), a name that no
//! entry has, or words that no entry covers.

mod model;
mod signals;

pub use model::{Judgement, MAX_FILE_BYTES, Reason, Scope, ScopeError, ScopeModel};
pub use signals::{Cue, SIGNALS, Signals};
