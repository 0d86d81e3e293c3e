"""Static token embeddings distilled from a sentence encoder: a text is the weighted mean of its pieces, without any layer.

A piece begins as what the encoder makes of it alone, brought to fewer dimensions by principal components, with a weight that falls with
its frequency (Arora et al. 2017); table and weights are then tuned like the encoder itself.
"""

import collections
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

from .encoder import SentenceEncoder, TextEncoder


class StaticEncoder(TextEncoder):
    """A table of piece vectors and a weight for each."""

    def __init__(self, tokenizer: Tokenizer, table: torch.Tensor, weights: torch.Tensor):
        super().__init__(tokenizer, table.shape[1])
        self.table = torch.nn.Embedding.from_pretrained(table, freeze=False)
        self.weights = torch.nn.Parameter(weights)

    @classmethod
    def distil(cls, teacher: SentenceEncoder, texts: list[str], width: int) -> "StaticEncoder":
        """From what the teacher makes of every piece alone."""
        size = teacher.tokenizer.get_vocab_size()
        marks = [teacher.tokenizer.token_to_id(mark) for mark in ("[CLS]", "[SEP]")]
        vectors = np.zeros((size, teacher.bert.config.hidden_size), np.float32)
        with torch.no_grad():
            for start in range(0, size, 1024):
                ids = torch.tensor([[marks[0], i, marks[1]] for i in range(start, min(size, start + 1024))])
                vectors[start : start + 1024] = teacher(ids, torch.ones_like(ids)).numpy()
        centred = vectors - vectors.mean(0)
        _, _, axes = np.linalg.svd(centred[np.linalg.norm(centred, axis=1) > 0], full_matrices=False)
        counts: collections.Counter = collections.Counter(i for ids in teacher.pieces(texts) for i in ids[1:-1])
        total = sum(counts.values())
        weights = np.array([1e-3 / (1e-3 + counts[i] / total) for i in range(size)], np.float32)
        weights[marks] = 0
        return cls(teacher.tokenizer, torch.from_numpy(np.ascontiguousarray(centred @ axes[:width].T, np.float32)), torch.from_numpy(np.log(weights + 1e-6)))

    @classmethod
    def load(cls, folder: Path) -> "StaticEncoder":
        """Reads what `save` wrote."""
        table = load_file(folder / "model.safetensors")["table"]
        return cls(Tokenizer.from_file(str(folder / "tokenizer.json")), table, torch.zeros(len(table)))

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """`[batch, width]` of length 1."""
        weight = (self.weights[ids].exp() * mask).unsqueeze(-1)
        return torch.nn.functional.normalize((self.table(ids) * weight).sum(1), dim=-1)

    def save(self, folder: Path) -> None:
        """Table with the weights multiplied in, and the tokenizer."""
        folder.mkdir(parents=True, exist_ok=True)
        save_file({"table": (self.table.weight * self.weights.exp().unsqueeze(-1)).detach().contiguous()}, folder / "model.safetensors")
        self.tokenizer.save(str(folder / "tokenizer.json"))
