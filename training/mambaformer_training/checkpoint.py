"""Checkpoints that resume: model, optimiser, random state, place in the data, elapsed time."""

import os
import shutil
from pathlib import Path

import torch

from .errors import CheckpointError, SpaceError


def need_space(folder: Path, size: int) -> None:
    """Fails before writing when the disk lacks room."""
    free = shutil.disk_usage(folder).free
    if free < size + (64 << 20):
        raise SpaceError(f"{folder} has {free >> 20} MiB free, {size >> 20} MiB and a reserve of 64 are needed; delete old runs or choose another folder")


def save(path: Path, state: dict) -> None:
    """Writes beside the old checkpoint and renames, so that a stop in the middle leaves the old one whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    size = sum(t.numel() * 4 for t in state["model"].values()) * 3
    need_space(path.parent, size)
    part = path.with_suffix(".part")
    try:
        with part.open("wb") as handle:
            torch.save(state, handle)
            handle.flush()
            os.fsync(handle.fileno())
    except OSError as error:
        part.unlink(missing_ok=True)
        raise SpaceError(f"{part} could not be written ({error}); the last checkpoint is unharmed") from error
    part.rename(path)


def load(path: Path) -> dict:
    """Reads a checkpoint written by `save`."""
    if not path.is_file():
        raise CheckpointError(f"{path} does not exist; give the run's folder by --run")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        missing = [k for k in ("config", "model", "optimiser", "order", "step", "elapsed") if k not in state]
    except Exception as error:  # torch raises many types for a damaged archive
        raise CheckpointError(f"{path} is damaged ({type(error).__name__}: {str(error).splitlines()[0][:120]}); resume from an older run or start again") from error
    if missing:
        raise CheckpointError(f"{path} lacks {', '.join(missing)}; it was not written by this version")
    return state
