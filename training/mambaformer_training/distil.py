"""Distillation from the sentence encoder: what it knows of lines and questions, given to the model where it reads them.

A few thousand questions are too few to learn from nothing which words mean the same. The encoder of retrieval knows; its vectors teach the
mean of the memory over every line, the decoder's state before the first word (what it has made of the question), and its cosines teach the
pointer there. The two projections belong to training: they are not exported.
"""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from .errors import DataError
from .tokens import LINE_SCALE


def mean_over_lines(values: torch.Tensor, starts: torch.Tensor, ends: torch.Tensor) -> torch.Tensor:
    """Means of values [K, L, d] over the places starts..ends [K, C]: [K, C, d]."""
    sums = F.pad(values.cumsum(1), (0, 0, 1, 0))
    at = lambda places: sums.gather(1, places[..., None].expand(-1, -1, values.shape[2]))
    return (at(ends) - at(starts)) / (ends - starts).clamp(min=1)[..., None]


class Teacher(nn.Module):
    """The encoder's vectors (`retriever rank` writes them) and the projections of the memory onto them."""

    def __init__(self, path: Path, d_model: int):
        super().__init__()
        if not path.is_file():
            raise DataError(f"{path} does not exist; `retriever rank` writes it beside the rankings")
        data = np.load(path)
        self.first_line = {str(entry): int(start) for entry, start in zip(data["entries"], data["starts"])}
        self.question_row = {str(identifier): row for row, identifier in enumerate(data["ids"])}
        self.register_buffer("lines", torch.from_numpy(data["lines"]), persistent=False)          # [lines, width] f16
        self.register_buffer("questions", torch.from_numpy(data["questions"]), persistent=False)  # [questions, width] f16
        width = self.lines.shape[1]
        self.line = nn.Linear(d_model, width)
        self.question = nn.Linear(d_model, width)
        with torch.no_grad():
            for projection in (self.line, self.question):
                projection.weight.mul_(0.1)

    def rows(self, item: dict) -> tuple[int, np.ndarray]:
        """The vectors of an item's question and of the lines of its passages, in their order; -1 and none where the item has none."""
        question = self.question_row.get(item["id"], -1)
        if question < 0 or any("lines" not in p for p in item["passages"]):
            return -1, np.zeros(0, dtype=np.int64)
        return question, np.array([self.first_line[p["id"]] + line for p in item["passages"] for line in p["lines"]], dtype=np.int64)

    def loss(self, memory: torch.Tensor, first: torch.Tensor, pointer: torch.Tensor | None, batch: dict) -> tuple[torch.Tensor, torch.Tensor]:
        """1 - cosine of the projections with the vectors, mean over lines and questions; KL of the pointer's choice among the lines.

        memory [B, L, d]; first [B, d]: the decoder's state before the first word; pointer [B, L]: log of the attention there.
        """
        taught = batch["taught"]
        zero = memory.new_zeros(())
        items = taught["items"]
        if not len(items):
            return zero, zero
        mask = taught["mask"]
        at_lines = mean_over_lines(memory[items].float(), taught["positions"], taught["ends"])          # [K, C, d]
        lines, questions = self.lines[taught["lines"]].float(), self.questions[taught["questions"]].float()
        similarity = F.cosine_similarity(self.line(at_lines), lines, dim=-1)
        of_questions = F.cosine_similarity(self.question(first[items]), questions, dim=-1)
        vectors = ((1 - similarity) * mask).sum() / mask.sum() + (1 - of_questions).mean()
        if pointer is None:
            return vectors, zero
        hidden = ~mask.bool()
        wanted = torch.log_softmax((LINE_SCALE * (lines * questions[:, None]).sum(-1)).masked_fill(hidden, -1e9), dim=-1)
        chosen = torch.log_softmax(mean_over_lines(pointer[items][..., None], taught["positions"], taught["ends"])[..., 0].masked_fill(hidden, -1e9), dim=-1)
        return vectors, (wanted.exp() * (wanted - chosen) * mask).sum(-1).mean()


def taught(items: list[dict]) -> dict[str, torch.Tensor]:
    """Of a batch: items [K] that are taught, their questions' rows [K], and positions, ends, rows and mask of their lines [K, C]."""
    chosen = [(b, item) for b, item in enumerate(items) if item.get("taught") is not None and item["taught"][0] >= 0 and len(item["taught"][1])]
    widest = max((len(item["taught"][1]) for _, item in chosen), default=0)
    positions, ends, lines, mask = (np.zeros((len(chosen), widest), dtype=kind) for kind in (np.int64, np.int64, np.int64, np.float32))
    for row, (_, item) in enumerate(chosen):
        n = len(item["taught"][1])
        positions[row, :n], ends[row, :n], lines[row, :n], mask[row, :n] = item["choices"].positions[:n], item["choices"].ends[:n], item["taught"][1], 1
    return {"items": torch.tensor([b for b, _ in chosen], dtype=torch.int64, device="cpu"), "questions": torch.tensor([item["taught"][0] for _, item in chosen], dtype=torch.int64, device="cpu"),
            "positions": torch.from_numpy(positions), "ends": torch.from_numpy(ends), "lines": torch.from_numpy(lines), "mask": torch.from_numpy(mask)}
