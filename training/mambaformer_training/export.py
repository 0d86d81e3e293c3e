"""Export of a run: model.safetensors (contract names), config.json, tokenizer.json and training.json."""

import datetime
import json
import platform
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file

from . import __version__, checkpoint
from .config import Config
from .errors import DataError
from .model import MambaFormer

LICENCES = [
    {"name": "MedQuAD", "licence": "CC BY 4.0", "attribution": "Ben Abacha & Demner-Fushman, BMC Bioinformatics 2019, 20:511; texts of the US National Institutes of Health and CDC"},
    {"name": "PubMedQA PQA-L, training half", "licence": "MIT", "attribution": "Jin et al., EMNLP-IJCNLP 2019"},
    {"name": "Oral Health and Disease Ontology (OHD)", "licence": "CC BY 4.0", "attribution": "OHD developers, term definitions"},
]


def _counts(items: Path) -> dict | None:
    """What the makers of a folder of items wrote about them."""
    file = items / "counts.json"
    return json.loads(file.read_text()) if file.is_file() else None


def export(run: Path, tokenizer: Path, items: Path, out: Path, dtype: str) -> None:
    """Writes the folder that `cargo xtask pack` quantises from."""
    state = checkpoint.load(run / "checkpoint.pt")
    config = Config.from_dict(state["config"])
    model = MambaFormer(config)
    model.load_state_dict(state["model"])
    model.refresh_table_norm()
    kind = torch.float32 if dtype == "f32" else torch.bfloat16
    tensors = {k: v.to(kind).contiguous() for k, v in model.state_dict().items()}
    if not (tokenizer / "tokenizer.json").is_file():
        raise DataError(f"{tokenizer / 'tokenizer.json'} does not exist; give the tokenizer's folder by --tokenizer")
    out.mkdir(parents=True, exist_ok=True)
    checkpoint.need_space(out, sum(t.numel() * t.element_size() for t in tensors.values()))
    save_file(tensors, str(out / "model.safetensors"), metadata={"format": "pt"})
    (out / "config.json").write_text(json.dumps(config.to_dict(), indent=1) + "\n")
    shutil.copyfile(tokenizer / "tokenizer.json", out / "tokenizer.json")
    settings = state["settings"]
    data = _counts(items)
    added = {Path(folder).name: {"items": count, "data": _counts(Path(folder))} for folder, count in (settings.get("added") or {}).items()}
    # What the run began with keeps its licence.
    told = [*(licence for counts in [data, *(a["data"] for a in added.values())] for licence in (counts or {}).get("licences", [])), *(settings.get("parent") or {}).get("licences", [])]
    licences = [*LICENCES, *(licence for i, licence in enumerate(told) if licence not in LICENCES + told[:i])]
    number = run.resolve().name.rpartition("-")[2]
    provenance = {
        # The second run of a name is its second version.
        "version": f"0.{number}.0" if number.isdigit() else "0.1.0",
        "tool": f"mambaformer_training {__version__}, torch {torch.__version__}, Python {platform.python_version()}",
        "date": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
        "seed": settings["seed"], "settings": settings, "loss_weights": state["weights"], "compute_dtype": state["dtype"],
        "steps": state["step"], "source_tokens": state["tokens"], "answer_tokens": state["answer_tokens"], "wall_seconds": round(state["elapsed"], 1),
        "parameters": sum(p.numel() for p in model.parameters()), "validation": state["validation"],
        "parent": settings.get("parent"), "data": data, "added": added or None, "licences": licences,
        "untrained": ["heads.embedding.weight"] if config.heads.embedding else [],
    }
    (out / "training.json").write_text(json.dumps(provenance, indent=1) + "\n")
    print(f"wrote {len(tensors)} tensors to {out}")
