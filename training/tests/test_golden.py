"""This package against transformers: the golden T5 and Mamba weights loaded into ET5 and EMamba give the golden outputs."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from mambaformer_training.config import Config, EMambaConfig, Et5Config, HeadsConfig
from mambaformer_training.emamba import EMamba
from mambaformer_training.model import MambaFormer
from mambaformer_training.packing import Packing

GOLDEN = Path(__file__).resolve().parents[2] / "tests" / "golden"


def close(got, want):
    assert (got - want).abs().max() <= 1e-4 * want.abs().max().clamp(min=1.0)


@pytest.mark.parametrize("name", ["t5_tied", "t5_untied"])
@torch.no_grad()
def test_everything_on_et5_is_plain_t5(name):
    hf = json.loads((GOLDEN / name / "config.json").read_text())
    weights, vectors = load_file(GOLDEN / name / "model.safetensors"), load_file(GOLDEN / name / "vectors.safetensors")
    tied = name == "t5_tied"
    config = Config(name=name, vocab_size=hf["vocab_size"], d_model=hf["d_model"], max_tokens=512, stem_conv=None, emamba=None, combine="expert", heads=HeadsConfig(None, False, False, None),
                    et5=Et5Config(2, 2, hf["num_heads"], hf["d_kv"], hf["d_ff"], tie_word_embeddings=tied))
    model = MambaFormer(config).eval()
    state = {("" if k.startswith("shared") else "et5.") + k: v for k, v in weights.items()}
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert not unexpected and all(m.startswith("gate.") for m in missing)
    for length in (1, 7, 33, 130):
        p = f"len{length}."
        encoded = model.encode(vectors[p + "input_ids"][None], torch.tensor([length]))
        close(encoded.memory[0], vectors[p + "encoder_last_hidden_state"])
        decoder = vectors[p + "decoder_ids"][None]
        z, _ = model.decode(encoded, decoder, torch.tensor([decoder.shape[1]]))
        close(model.lm_logits(z), vectors[p + "logits"])


@pytest.mark.parametrize("states", [8, 16])
@torch.no_grad()
def test_emamba_is_mamba(states):
    folder = GOLDEN / f"mamba_state{states}"
    weights, vectors = load_file(folder / "model.safetensors"), load_file(folder / "vectors.safetensors")
    expert = EMamba(32, EMambaConfig(32, 2, 64, states, 4, 4)).eval()
    table = weights["backbone.embeddings.weight"]
    expert.load_state_dict({k.removeprefix("backbone."): v for k, v in weights.items() if "embeddings" not in k})
    for length in (1, 7, 33, 130):
        p = f"len{length}."
        packing = Packing(torch.tensor([length]))
        x = table[vectors[p + "input_ids"]]
        close(expert(x, packing), vectors[p + "last_hidden_state"])
        for i, layer in enumerate(expert.layers):
            y, last = layer.mixer(layer.norm(x), packing.offsets, None)
            close(last[0], vectors[f"{p}ssm_state.{i}"])
            x = x + y
