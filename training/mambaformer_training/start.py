"""Starting a run from an export, the weights of a finished stage without its optimiser state, or from a model folder that `cargo xtask convert` wrote."""

import hashlib
import json
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from .config import Config, HeadsConfig, WidthConfig
from .errors import CheckpointError
from .model import MambaFormer


class WrongTensors(CheckpointError):
    """An export that does not have the tensors of its config."""

    def __init__(self, path: Path, missing: list[str], unexpected: list[str], misshapen: list[tuple[str, list[int], list[int]]]):
        self.missing, self.unexpected, self.misshapen = missing, unexpected, misshapen
        shapes = [f"{name} {found} instead of {wanted}" for name, found, wanted in misshapen]
        parts = [f"{what}: {', '.join(names[:5])}{f' and {len(names) - 5} more' if len(names) > 5 else ''}" for what, names in
                 (("missing", missing), ("unexpected", unexpected), ("of another shape", shapes)) if names]
        super().__init__(f"the tensors of {path} are not those of its config ({'; '.join(parts)}); export or convert it again with this version")


def sha256_of(path: Path) -> str:
    """The hash of a file's bytes."""
    if not path.is_file():
        raise CheckpointError(f"{path} does not exist; give the folder of an export (model.safetensors, config.json, tokenizer.json), or one that `cargo xtask convert` wrote, by --start")
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _manifest(folder: Path) -> dict | None:
    """The manifest of a model folder (docs/FORMAT.md) whose tensors all lie in floats; None where it is an export."""
    path = folder / "manifest.json"
    if not path.is_file():
        return None
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        kind, stored = (manifest["format"], manifest.get("kind", "mambaformer")), manifest["quantization"]["tensors"]
        blocks = sorted(name for name, tensor in stored.items() if tensor["dtype"] != "f32")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{path} is no manifest of a model folder ({type(error).__name__}: {error}); convert the checkpoints again") from error
    if kind != (1, "mambaformer"):
        raise CheckpointError(f"{folder} holds a {kind[1]} of format {kind[0]}; training begins with a mambaformer of format 1")
    if blocks:
        raise CheckpointError(f"{folder} is quantised ({len(blocks)} tensors, such as {blocks[0]} in {stored[blocks[0]]['dtype']}); training needs the numbers as they were: convert again with --quantise f32")
    return manifest


def config_of(start: Path) -> Config:
    """The config of an export (config.json) or of a model folder (its manifest)."""
    manifest = _manifest(start)
    return Config.read(start / "config.json") if manifest is None else Config.from_dict(manifest["config"])


def add_heads(config: Config, copy_width: int) -> tuple[str, ...]:
    """Gives the config the heads it lacks; returns how the names of their tensors begin. A converted checkpoint has none."""
    wanted = HeadsConfig(copy=WidthConfig(copy_width), embedding=WidthConfig(config.d_model))
    new = [name for name in vars(wanted) if not getattr(config.heads, name)]
    for name in new:
        setattr(config.heads, name, getattr(wanted, name))
    return tuple(f"heads.{name}." for name in new)


def parent_of(export: Path, tokenizer: Path) -> dict:
    """Where a run comes from: name, hashes and licences of the export. Its pieces must be those the items are made of."""
    manifest = _manifest(export)
    described = "config.json" if manifest is None else "manifest.json"
    hashes = {name: sha256_of(export / name) for name in ("model.safetensors", described, "tokenizer.json")}
    if (found := sha256_of(tokenizer)) != hashes["tokenizer.json"]:
        raise CheckpointError(f"{tokenizer} (SHA-256 {found[:12]}…) is not the tokenizer of {export} ({hashes['tokenizer.json'][:12]}…); its pieces would mean other words; give that folder by --tokenizer")
    training = export / "training.json"
    told = manifest or (json.loads(training.read_text()) if training.is_file() else {})
    return {"name": export.resolve().name, "steps": told.get("steps"), "sha256": hashes["model.safetensors"], "config_sha256": hashes[described],
            "tokenizer_sha256": hashes["tokenizer.json"], "licences": told.get("licences", [])}


def load_export(model: MambaFormer, export: Path, new: tuple[str, ...] = ()) -> None:
    """Fills the model (of the export's config) with the export's tensors, in f32; all of them or none. What begins with one of `new` stays as it was made."""
    path = export / "model.safetensors"
    try:
        tensors = load_file(str(path))
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} is missing or damaged ({str(error).splitlines()[0][:120]}); copy it again") from error
    made = model.state_dict()
    wanted = {n: t for n, t in made.items() if not (new and n.startswith(new))}
    misshapen = [(n, list(tensors[n].shape), list(wanted[n].shape)) for n in sorted(wanted.keys() & tensors.keys()) if tensors[n].shape != wanted[n].shape]
    missing, unexpected = sorted(wanted.keys() - tensors.keys()), sorted(tensors.keys() - wanted.keys())
    if missing or unexpected or misshapen:
        raise WrongTensors(path, missing, unexpected, misshapen)
    if damaged := [n for n, t in sorted(tensors.items()) if not torch.isfinite(t).all()]:
        raise CheckpointError(f"{path} holds numbers that are not finite in {', '.join(damaged[:5])}; start from another export")
    model.load_state_dict(made | {n: t.float() for n, t in tensors.items()})
