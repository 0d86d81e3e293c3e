//! What must hold for any text, and the file itself.
