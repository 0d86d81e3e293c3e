//! MambaFormer on candle.
