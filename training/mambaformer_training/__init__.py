"""Training of MambaFormer Chairside: data, tokenizer, model, objective, export and evaluation in PyTorch."""

__version__ = "0.1.0"
