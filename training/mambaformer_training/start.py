"""Starting a run from an export: the weights of a finished stage without its optimiser state."""

import hashlib
import json
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from .errors import CheckpointError
from .model import MambaFormer


class WrongTensors(CheckpointError):
    """An export that does not have the tensors of its config."""

    def __init__(self, path: Path, missing: list[str], unexpected: list[str], misshapen: list[tuple[str, list[int], list[int]]]):
        self.missing, self.unexpected, self.misshapen = missing, unexpected, misshapen
        shapes = [f"{name} {found} instead of {wanted}" for name, found, wanted in misshapen]
        parts = [f"{what}: {', '.join(names[:5])}{f' and {len(names) - 5} more' if len(names) > 5 else ''}" for what, names in
                 (("missing", missing), ("unexpected", unexpected), ("of another shape", shapes)) if names]
        super().__init__(f"the tensors of {path} are not those of its config.json ({'; '.join(parts)}); export the run again with this version")


def sha256_of(path: Path) -> str:
    """The hash of a file's bytes."""
    if not path.is_file():
        raise CheckpointError(f"{path} does not exist; give the folder of an export (model.safetensors, config.json, tokenizer.json) by --start")
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def parent_of(export: Path, tokenizer: Path) -> dict:
    """Where a run comes from: name and hashes of the export. Its pieces must be those the items are made of."""
    hashes = {name: sha256_of(export / name) for name in ("model.safetensors", "config.json", "tokenizer.json")}
    if (found := sha256_of(tokenizer)) != hashes["tokenizer.json"]:
        raise CheckpointError(f"{tokenizer} (SHA-256 {found[:12]}…) is not the tokenizer of {export} ({hashes['tokenizer.json'][:12]}…); its pieces would mean other words; give that folder by --tokenizer")
    training = export / "training.json"
    steps = json.loads(training.read_text()).get("steps") if training.is_file() else None
    return {"name": export.resolve().name, "steps": steps, "sha256": hashes["model.safetensors"], "config_sha256": hashes["config.json"], "tokenizer_sha256": hashes["tokenizer.json"]}


def load_export(model: MambaFormer, export: Path) -> None:
    """Fills the model (of the export's config) with the export's tensors, in f32; all of them or none."""
    path = export / "model.safetensors"
    try:
        tensors = load_file(str(path))
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} is missing or damaged ({str(error).splitlines()[0][:120]}); copy it again") from error
    wanted = model.state_dict()
    misshapen = [(n, list(tensors[n].shape), list(wanted[n].shape)) for n in sorted(wanted.keys() & tensors.keys()) if tensors[n].shape != wanted[n].shape]
    missing, unexpected = sorted(wanted.keys() - tensors.keys()), sorted(tensors.keys() - wanted.keys())
    if missing or unexpected or misshapen:
        raise WrongTensors(path, missing, unexpected, misshapen)
    if damaged := [n for n, t in sorted(tensors.items()) if not torch.isfinite(t).all()]:
        raise CheckpointError(f"{path} holds numbers that are not finite in {', '.join(damaged[:5])}; start from another export")
    model.load_state_dict({n: t.float() for n, t in tensors.items()})
