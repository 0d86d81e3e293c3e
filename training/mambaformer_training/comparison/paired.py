"""Exports that differ in their gate on the same held-out items: differences to the first with intervals over clusters of paraphrases."""

from pathlib import Path

import torch
import torch.nn.functional as F

from ..batches import collate
from ..bootstrap import difference
from ..costs import Costs
from ..data import read_jsonl
from ..errors import DataError
from ..model import MambaFormer
from ..objective import selection_logits, task_terms, token_cost, without_prior
from ..start import config_of, load_export, sha256_of
from ..tokens import encode_items, load_tokenizer

MEASURES = ("sentence_loss", "first_with_prior", "first_alone", "word_loss", "cost", "share_emamba")


@torch.no_grad()
def per_item(model: MambaFormer, items: list[dict], names: list[str], costs: Costs) -> dict[str, dict[str, tuple[float, float]]]:
    """Numerator and denominator of each measure by item, as the engine routes; an item without a choice or an answer does not count there."""
    model.eval()
    found: dict[str, dict[str, tuple[float, float]]] = {measure: {} for measure in MEASURES}
    order = sorted(range(len(items)), key=lambda i: len(items[i]["source"]))
    for start in range(0, len(order), 8):
        places = order[start : start + 8]
        batch = collate([items[i] for i in places], model.config.decoder_start_token_id, model.config.decoder_prefix)
        encoded = model.encode(batch["ids"], batch["lengths"])
        task = task_terms(model, encoded, batch)
        choices, offsets = batch["choices"], task["packing"].offsets.tolist()
        logits, targets = selection_logits(task["copying"][0], choices), choices["targets"]
        losses, alone = F.cross_entropy(logits, targets, reduction="none"), without_prior(logits, choices)
        k = token_cost(batch["lengths"], model.config.max_tokens, costs)
        for row, place in enumerate(places):
            name, steps, length = names[place], (choices["rows"] == row).nonzero()[:, 0], int(batch["lengths"][row])
            active = encoded.active[row, :length].float().sum(0)
            put = lambda measure, value, count: found[measure].__setitem__(name, (float(value), float(count)))
            put("cost", (active * k[row]).sum(), length)
            put("share_emamba", active[1], length)
            if words := len(items[place]["labels"]):
                put("word_loss", -task["log_p"][offsets[row] : offsets[row + 1]].sum(), words)
            if len(steps):
                put("sentence_loss", losses[steps].sum(), len(steps))
                put("first_with_prior", logits[steps[0]].argmax() == targets[steps[0]], 1)
                put("first_alone", alone[steps[0]].argmax() == targets[steps[0]], 1)
    return found


def compare_gates(exports: list[Path], items: Path, costs: Costs) -> list[dict]:
    """One line an export: its figures, and their differences to the first export's with 95 % intervals."""
    tokenizers = {sha256_of(export / "tokenizer.json") for export in exports}
    if len(tokenizers) > 1:
        raise DataError("the exports have different tokenizers; items mean the same to one alone")
    config = config_of(exports[0])
    encoded = encode_items(load_tokenizer(exports[0] / "tokenizer.json"), items, config.max_tokens)
    # A question of DentalQA comes once outside the training items; the place tells apart what has no id of its own.
    rows = [(f"{place}:{row['id']}", row.get("cluster") or row["id"]) for place, row in enumerate(read_jsonl(items, ("id",)))]
    clusters, base, lines = dict(rows), None, []
    for export in exports:
        model = MambaFormer(config_of(export))
        load_export(model, export)
        found = per_item(model, encoded, [name for name, _ in rows], costs)
        base = base or found
        line = {"export": export.resolve().name, "sha256": sha256_of(export / "model.safetensors")[:12], "items": len(encoded)}
        for measure, pairs in found.items():
            line[measure] = sum(a for a, _ in pairs.values()) / max(1.0, sum(b for _, b in pairs.values()))
            line[f"{measure}_less_first"] = difference(pairs, base[measure], clusters).plain()
        lines.append(line)
    return lines
