"""Batches of similar length, in an order fixed by the seed, so that a run resumes at the item where it stopped."""

import random

import numpy as np
import torch

from .distil import taught
from .et5 import MASKED

IGNORED = -100


class Order:
    """Yields lists of item indices; `position` counts batches since the start of the epoch."""

    def __init__(self, lengths: list[int], tokens: int, seed: int):
        self.lengths, self.tokens, self.seed = lengths, tokens, seed
        self.epoch, self.position = 0, 0
        self._plan(0)

    def _plan(self, epoch: int) -> None:
        rng = random.Random(self.seed * 1000003 + epoch)
        order = list(range(len(self.lengths)))
        rng.shuffle(order)
        batches = []
        # Sorted within pools only: batches of one length, but in no fixed company from epoch to epoch.
        for start in range(0, len(order), 512):
            pool = sorted(order[start : start + 512], key=lambda i: self.lengths[i])
            batch: list[int] = []
            part = []
            for i in pool:
                if batch and self.lengths[i] * (len(batch) + 1) > self.tokens:
                    part.append(batch)
                    batch = []
                batch.append(i)
            if batch:
                part.append(batch)
            rng.shuffle(part)
            batches += part
        self.batches = batches

    def next(self) -> list[int]:
        if self.position >= len(self.batches):
            self.epoch, self.position = self.epoch + 1, 0
            self._plan(self.epoch)
        self.position += 1
        return self.batches[self.position - 1]

    def state(self) -> dict:
        return {"epoch": self.epoch, "position": self.position}

    def restore(self, state: dict) -> None:
        if state["epoch"] != self.epoch:
            self._plan(state["epoch"])
        self.epoch, self.position = state["epoch"], state["position"]


def collate(items: list[dict], start_token: int, prefix: int = 0) -> dict:
    """Tensors of a batch, on the processor: ids [B, L], lengths [B], decoder_ids and labels [B, T], decoder_lengths, begins [B], answerable, decision, gold [B, 2], pointer and pointer_weight [B, T].

    The decoder reads the first `prefix` tokens of the question, then at `begins` the start token, then the answer.
    `choices`: rows, steps, targets [S] and positions, ends, prior [S, C] of the sentences that may begin at each step; what may not has a prior of MASKED.
    """
    of = lambda values: torch.tensor(values, device="cpu")
    longest = max(len(i["source"]) for i in items)
    before = [i["question"][:prefix] if prefix else i["question"][:0] for i in items]
    answer = max(len(b) + max(1, len(i["labels"])) for b, i in zip(before, items))
    ids = np.zeros((len(items), longest), dtype=np.int64)
    decoder = np.zeros((len(items), answer), dtype=np.int64)
    labels = np.full((len(items), answer), IGNORED, dtype=np.int64)
    pointer = np.full((len(items), answer), -1, dtype=np.int64)
    pointer_weight = np.zeros((len(items), answer), dtype=np.float32)
    choices = _choices([i["choices"] for i in items], [len(b) for b in before])
    for row, item in enumerate(items):
        begin, n = len(before[row]), len(item["labels"])
        pointer[row, begin : begin + len(item["pointer"])] = item["pointer"]
        pointer_weight[row, begin : begin + len(item["pointer"])] = item["pointer_weight"]
        ids[row, : len(item["source"])] = item["source"]
        decoder[row, :begin] = before[row]
        decoder[row, begin] = start_token
        labels[row, begin : begin + n] = item["labels"]
        decoder[row, begin + 1 : begin + n] = item["labels"][: max(0, n - 1)]
    return {"ids": torch.from_numpy(ids), "lengths": of([len(i["source"]) for i in items]), "decoder_ids": torch.from_numpy(decoder),
            "labels": torch.from_numpy(labels), "decoder_lengths": of([len(b) + max(1, len(i["labels"])) for b, i in zip(before, items)]),
            "begins": of([len(b) for b in before]),
            "answerable": of([float(i["answerable"]) for i in items]), "decision": of([i["decision"] for i in items]),
            "gold": of([list(i["gold"]) for i in items]), "pointer": torch.from_numpy(pointer), "pointer_weight": torch.from_numpy(pointer_weight), "choices": choices, "taught": taught(items)}


def to_device(batch, device: torch.device):
    """The batch, or what it is made of, on another device."""
    if isinstance(batch, dict):
        return {name: to_device(part, device) for name, part in batch.items()}
    return batch.to(device)


def _choices(items: list, begins: list[int]) -> dict[str, torch.Tensor]:
    """One row for each sentence that an answer begins, and for its end; an item's labels begin at its place of `begins`."""
    count = sum(len(c.steps) for c in items)
    widest = max(len(c.positions) for c in items)
    positions, ends, prior = np.zeros((count, widest), dtype=np.int64), np.ones((count, widest), dtype=np.int64), np.full((count, widest), MASKED, dtype=np.float32)
    rows, at = np.zeros(count, dtype=np.int64), 0
    for row, c in enumerate(items):
        end = len(c.positions) - 1
        for order in range(len(c.steps)):
            rows[at], positions[at, : end + 1], ends[at, : end + 1], prior[at, : end + 1] = row, c.positions, c.ends, c.prior
            prior[at, c.targets[:order]] = MASKED
            if order == 0:
                prior[at, end] = MASKED
            at += 1
    joined = lambda parts: torch.from_numpy(np.concatenate(parts).astype(np.int64))
    return {"rows": torch.from_numpy(rows), "steps": joined([c.steps + begin for c, begin in zip(items, begins)]), "targets": joined([c.targets for c in items]), "positions": torch.from_numpy(positions), "ends": torch.from_numpy(ends), "prior": torch.from_numpy(prior)}
