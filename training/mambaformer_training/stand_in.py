"""Checkpoint folders in the shape of the public T5 v1.1 base and Mamba-130m, with random weights: for a dry run of `base` where the real ones are not.

Our stacks carry Hugging Face's names (`tests/test_stand_in.py` holds them against transformers), so the folders are what `cargo xtask convert` reads.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file

from .checkpoint import need_space
from .config import EMambaConfig, Et5Config
from .emamba import EMamba
from .errors import DataError
from .et5 import Et5

# Kept in f32: rounding to 8 bits would move a decay far more than a weight.
PRECISE = ("A_log", "D", "dt_proj.bias")
# Small, so that the first loss is about log V as a trained model's head would not exceed it.
HEAD_STD = 0.02


@dataclass(frozen=True)
class Shapes:
    """Sizes of the two checkpoints."""

    t5_vocab: int
    mamba_vocab: int
    d_model: int
    et5: Et5Config
    mamba_width: int
    emamba: EMambaConfig


# google/t5-v1_1-base and state-spaces/mamba-130m-hf, as their config.json say.
BASE = Shapes(32_128, 50_280, 768, Et5Config(12, 12, 12, 64, 2_048, tie_word_embeddings=False), 768, EMambaConfig(768, 24, 1_536, 16, 4, 48))
# The tables of 8,320 rows hold our tokenizer; the widths differ, so that adapters are made.
TINY = Shapes(8_320, 8_400, 64, Et5Config(2, 2, 2, 16, 96, tie_word_embeddings=False), 32, EMambaConfig(32, 2, 64, 16, 4, 2))


def t5_config(shapes: Shapes) -> dict:
    """config.json of a T5 v1.1 of these shapes."""
    e = shapes.et5
    return {"architectures": ["T5ForConditionalGeneration"], "model_type": "t5", "is_encoder_decoder": True, "vocab_size": shapes.t5_vocab, "d_model": shapes.d_model, "d_kv": e.d_kv,
            "d_ff": e.d_ff, "num_layers": e.num_layers, "num_decoder_layers": e.num_decoder_layers, "num_heads": e.num_heads, "feed_forward_proj": "gated-gelu",
            "relative_attention_num_buckets": e.relative_attention_num_buckets, "relative_attention_max_distance": e.relative_attention_max_distance, "layer_norm_epsilon": e.layer_norm_epsilon,
            "tie_word_embeddings": False, "pad_token_id": 0, "eos_token_id": 1, "decoder_start_token_id": 0}


def mamba_config(shapes: Shapes) -> dict:
    """config.json of a MambaForCausalLM of these shapes."""
    e = shapes.emamba
    return {"architectures": ["MambaForCausalLM"], "model_type": "mamba", "vocab_size": shapes.mamba_vocab, "hidden_size": e.d_model, "num_hidden_layers": e.num_layers, "intermediate_size": e.d_inner,
            "state_size": e.d_state, "conv_kernel": e.d_conv, "expand": e.d_inner // e.d_model, "time_step_rank": e.dt_rank, "layer_norm_epsilon": e.layer_norm_epsilon, "hidden_act": "silu",
            "use_bias": False, "use_conv_bias": True, "tie_word_embeddings": True}


def t5_tensors(shapes: Shapes) -> dict[str, torch.Tensor]:
    """Shared table, stacks and untied head."""
    et5 = Et5(shapes.d_model, shapes.t5_vocab, shapes.et5)
    torch.nn.init.normal_(et5.lm_head.weight, std=HEAD_STD)
    return {"shared.weight": torch.randn(shapes.t5_vocab, shapes.d_model), **et5.state_dict()}


def mamba_tensors(shapes: Shapes) -> dict[str, torch.Tensor]:
    """Table and blocks; the head is the table."""
    blocks = EMamba(shapes.mamba_width, shapes.emamba)
    table = torch.randn(shapes.mamba_vocab, shapes.mamba_width) * HEAD_STD
    return {"backbone.embeddings.weight": table, **{f"backbone.{name}": tensor for name, tensor in blocks.state_dict().items()}}


def stand_in(out: Path, tokenizer: Path, tiny: bool, seed: int) -> dict[str, int]:
    """Writes the folders `t5` and `mamba`; returns their numbers of parameters."""
    if not tokenizer.is_file():
        raise DataError(f"{tokenizer} does not exist; give a tokenizer.json by --tokenizer")
    shapes = TINY if tiny else BASE
    torch.manual_seed(seed)
    counts = {}
    for name, config, make in (("t5", t5_config, t5_tensors), ("mamba", mamba_config, mamba_tensors)):
        folder = out / name
        folder.mkdir(parents=True, exist_ok=True)
        tensors = {key: t.detach().to(torch.float32 if key.endswith(PRECISE) else torch.bfloat16).contiguous() for key, t in make(shapes).items()}
        need_space(folder, sum(t.numel() * t.element_size() for t in tensors.values()))
        save_file(tensors, str(folder / "model.safetensors"), metadata={"format": "pt"})
        (folder / "config.json").write_text(json.dumps(config(shapes), indent=1) + "\n")
        counts[name] = sum(t.numel() for t in tensors.values())
    shutil.copyfile(tokenizer, out / "t5" / "tokenizer.json")
    return counts
