//! What may be said.
