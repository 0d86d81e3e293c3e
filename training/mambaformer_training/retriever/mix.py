"""The weighed mean of two encoders' weights: what a run has learnt anew, and most of what it had forgotten meanwhile (Wortsman et al. 2022, WiSE-FT).

Only for encoders of which one was tuned from the other: they share shapes, vocabulary and the valley they lie in.
"""

import hashlib
import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file

from ..errors import CheckpointError
from .encoder import load


def mix(before: Path, run: Path, share: float, out: Path) -> None:
    """Writes the folder that is kept and converted: `share` of the encoder that `run` exports and the rest of the one it started from, in bf16, with the run's log."""
    if not 0 <= share <= 1:
        raise CheckpointError(f"the share is {share}; 0 is the encoder before the run, 1 the run's own")
    source = run / "export"
    old, new = (load(folder).bert.state_dict() for folder in (before, source))
    if [(name, value.shape) for name, value in old.items()] != [(name, value.shape) for name, value in new.items()]:
        raise CheckpointError(f"{before} and {source} have other tensors; mix an encoder with the one it was tuned from")
    if (before / "tokenizer.json").read_bytes() != (source / "tokenizer.json").read_bytes():
        raise CheckpointError(f"{before} and {source} have other vocabularies; mix an encoder with the one it was tuned from")
    out.mkdir(parents=True, exist_ok=True)
    mixed = {name: torch.lerp(old[name].float(), new[name].float(), share) for name in old}
    save_file({name: value.to(torch.bfloat16).contiguous() for name, value in mixed.items()}, out / "model.safetensors")
    for name in ("config.json", "tokenizer.json"):
        shutil.copy(source / name, out / name)
    shutil.copy(run / "log.jsonl", out / "log.jsonl")
    digest = lambda folder: hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    about = json.loads((source / "training.json").read_text())
    about |= {"weights_sha256": digest(out), "mixed": {"share": share, "run_sha256": digest(source), "before_sha256": digest(before)}}
    (out / "training.json").write_text(json.dumps(about, indent=1) + "\n")
