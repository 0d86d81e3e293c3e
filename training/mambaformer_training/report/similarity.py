"""BERTScore by the project's own sentence encoder: token vectors of the last layer, matched greedily, neither weighted nor rescaled."""

import random
from pathlib import Path

import numpy as np
import torch

from .measures import greedy_match

BATCH = 32


class Similarity:
    """Scores of text pairs; each text is encoded once."""

    def __init__(self, folder: Path):
        from ..retriever.encoder import load

        self.encoder, self.name = load(folder).eval(), folder.resolve().name
        self.vectors: dict[str, np.ndarray] = {}

    @torch.no_grad()
    def add(self, texts: list[str]) -> None:
        """Encodes texts that are not known yet: `[pieces, width]` of length 1, without the marks at both ends."""
        new = sorted({text for text in texts if text and text not in self.vectors}, key=lambda text: (len(text), text))
        for start in range(0, len(new), BATCH):
            part = new[start : start + BATCH]
            pieces = self.encoder.pieces(part)
            ids, mask = self.encoder.batch(pieces)
            hidden = torch.nn.functional.normalize(self.encoder.bert(input_ids=ids, attention_mask=mask).last_hidden_state, dim=-1).numpy()
            for row, text in enumerate(part):
                # Half precision: thousands of texts stay in memory.
                self.vectors[text] = hidden[row, 1 : len(pieces[row]) - 1].astype(np.float16)

    def score(self, answer: str, reference: str) -> tuple[float, float, float]:
        """Precision, recall, F1 of texts that were added; 0 where one has no pieces."""
        a, r = (self.vectors.get(text) for text in (answer, reference))
        if a is None or r is None or not len(a) or not len(r):
            return 0.0, 0.0, 0.0
        return greedy_match(a.astype(np.float32), r.astype(np.float32))


def strangers(questions: dict[str, dict], names: list[str], seed: int) -> dict[str, str]:
    """For each question the reference answer of another cluster: what an answer that has nothing to do with it scores."""
    generator = random.Random(seed)
    names = sorted(names)
    out = {}
    for name in names:
        others = [other for other in generator.sample(names, min(len(names), 40)) if questions[other]["cluster"] != questions[name]["cluster"]]
        if others:
            out[name] = questions[others[0]]["answer"]
    return out
