//! How MambaFormer runs in the browser.
