"""Golden vectors for the Rust parity tests: small models of `transformers` and of this package with fixed seeds.

Everything is written in f32 safetensors; the layout is described in tests/golden/README.md.
"""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from .config import HeadsConfig, preset
from .errors import TrainingError
from .golden_sentence_encoder import make as make_sentence_encoder
from .model import EMAMBA, ET5, MambaFormer

LENGTHS = (1, 7, 33, 130)


def _write(folder: Path, name: str, tensors: dict) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    save_file({k: v.detach().contiguous().clone() for k, v in tensors.items()}, str(folder / name), metadata={"format": "pt"})


def _ids(seed: int, length: int, vocab: int, low: int = 3) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed * 1000 + length)
    return torch.randint(low, vocab, (1, length), generator=generator)


def _sharpen(model, seed: int) -> None:
    """Random weights large enough that greedy choices are not ties within rounding."""
    generator = torch.Generator().manual_seed(seed)
    for name, p in model.named_parameters():
        with torch.no_grad():
            if "layer_norm" in name or name.endswith("norm.weight") or "norm_f" in name:
                p.copy_(1 + 0.2 * torch.randn(p.shape, generator=generator))
            elif "relative_attention_bias" in name:
                p.copy_(torch.randn(p.shape, generator=generator))


@torch.no_grad()
def _t5(out: Path, name: str, tied: bool, seed: int) -> None:
    from transformers import T5Config, T5ForConditionalGeneration

    torch.manual_seed(seed)
    vocab, d = (160, 64) if tied else (190, 48)
    config = T5Config(vocab_size=vocab, d_model=d, d_kv=32 if tied else 16, d_ff=96, num_layers=2, num_decoder_layers=2, num_heads=2, relative_attention_num_buckets=32,
                      relative_attention_max_distance=128, dropout_rate=0.0, feed_forward_proj="gated-gelu", tie_word_embeddings=tied, layer_norm_epsilon=1e-6,
                      decoder_start_token_id=0, pad_token_id=0, eos_token_id=1, initializer_factor=1.0)
    model = T5ForConditionalGeneration(config).eval().float()
    _sharpen(model, seed)
    folder = out / name
    folder.mkdir(parents=True, exist_ok=True)
    stored = config.to_dict()
    stored["architectures"] = ["T5ForConditionalGeneration"]
    (folder / "config.json").write_text(json.dumps(stored, indent=1, sort_keys=True) + "\n")
    weights = {k: v for k, v in model.state_dict().items() if k not in ("encoder.embed_tokens.weight", "decoder.embed_tokens.weight")}
    if tied:
        weights.pop("lm_head.weight", None)
    _write(folder, "model.safetensors", weights)
    vectors = {}
    for length in LENGTHS:
        ids, decoder = _ids(seed, length, vocab), torch.cat([torch.zeros(1, 1, dtype=torch.int64), _ids(seed + 1, min(length, 20) + 1, vocab)], dim=1)
        result = model(input_ids=ids, decoder_input_ids=decoder, return_dict=True)
        # Greedy choice without ever ending, so that 64 tokens can always be compared.
        tokens = torch.zeros(1, 1, dtype=torch.int64)
        margins = []
        for _ in range(64):
            logits = model(encoder_outputs=(result.encoder_last_hidden_state,), decoder_input_ids=tokens).logits[0, -1].clone()
            logits[1] = float("-inf")
            top = logits.topk(2).values
            margins.append(float(top[0] - top[1]))
            tokens = torch.cat([tokens, logits.argmax()[None, None]], dim=1)
        if min(margins) < 1e-4:
            raise TrainingError(f"{name} length {length}: two greedy candidates lie {min(margins):.1e} apart; choose another seed")
        p = f"len{length}."
        vectors |= {p + "input_ids": ids[0], p + "decoder_ids": decoder[0], p + "encoder_last_hidden_state": result.encoder_last_hidden_state[0], p + "logits": result.logits[0],
                    p + "greedy": tokens[0, 1:], p + "greedy_margin": torch.tensor(margins)}
    _write(folder, "vectors.safetensors", vectors)


@torch.no_grad()
def _mamba(out: Path, states: int, seed: int) -> None:
    from transformers import MambaConfig, MambaForCausalLM

    torch.manual_seed(seed)
    vocab = 120
    config = MambaConfig(vocab_size=vocab, hidden_size=32, state_size=states, num_hidden_layers=2, conv_kernel=4, expand=2, time_step_rank=4, use_bias=False, use_conv_bias=True,
                         layer_norm_epsilon=1e-5, residual_in_fp32=True, tie_word_embeddings=True, pad_token_id=0, bos_token_id=0, eos_token_id=1, use_cache=True)
    model = MambaForCausalLM(config).eval().float()
    _sharpen(model, seed)
    generator = torch.Generator().manual_seed(seed + 7)
    for key, p in model.named_parameters():
        if "A_log" in key:
            p.copy_(torch.log(torch.arange(1, states + 1).float()) + 0.2 * torch.randn(p.shape, generator=generator))
        elif "dt_proj" in key or "conv1d" in key:
            p.copy_(0.4 * torch.randn(p.shape, generator=generator))
        elif "embedding" in key:
            p.copy_(torch.randn(p.shape, generator=generator))
        elif key.endswith(".D"):
            p.copy_(1 + 0.3 * torch.randn(p.shape, generator=generator))
        elif "proj" in key:
            p.copy_(p.shape[1] ** -0.5 * torch.randn(p.shape, generator=generator))
    folder = out / f"mamba_state{states}"
    folder.mkdir(parents=True, exist_ok=True)
    stored = config.to_dict()
    stored["architectures"] = ["MambaForCausalLM"]
    (folder / "config.json").write_text(json.dumps(stored, indent=1, sort_keys=True) + "\n")
    weights = {k: v for k, v in model.state_dict().items() if k != "lm_head.weight"}
    _write(folder, "model.safetensors", weights)
    if states == 16:
        # The naming of the original repository: a singular `embedding`, and its own config fields.
        original = out / "mamba_state16_original"
        original.mkdir(parents=True, exist_ok=True)
        renamed = {k.replace("backbone.embeddings.weight", "backbone.embedding.weight"): v for k, v in weights.items()}
        renamed["lm_head.weight"] = weights["backbone.embeddings.weight"]
        _write(original, "model.safetensors", renamed)
        (original / "config.json").write_text(json.dumps({"d_model": 32, "n_layer": 2, "vocab_size": vocab, "ssm_cfg": {"d_state": 16, "d_conv": 4, "expand": 2, "dt_rank": 4}, "rms_norm": True,
                                                          "residual_in_fp32": True, "fused_add_norm": True, "pad_vocab_size_multiple": 8}, indent=1) + "\n")
    vectors = {}
    for length in LENGTHS:
        ids = _ids(seed, length, vocab)
        result = model(input_ids=ids, use_cache=True, return_dict=True)
        hidden = model.backbone(input_ids=ids, use_cache=False).last_hidden_state
        p = f"len{length}."
        vectors |= {p + "input_ids": ids[0], p + "last_hidden_state": hidden[0], p + "logits": result.logits[0]}
        cache = result.cache_params
        for layer in range(config.num_hidden_layers):
            ssm, conv = _states(cache, layer)
            vectors[f"{p}ssm_state.{layer}"] = ssm.float()
            vectors[f"{p}conv_state.{layer}"] = conv.float()
    _write(folder, "vectors.safetensors", vectors)


def _states(cache, layer):
    """(ssm [d_inner, d_state], conv [d_inner, d_conv]) of a layer, wherever this version of transformers keeps them."""
    if hasattr(cache, "ssm_states"):
        return cache.ssm_states[layer][0], cache.conv_states[layer][0]
    item = cache.layers[layer]
    return item.recurrent_states[0], item.conv_states[0]


def _randomise(model: MambaFormer, seed: int) -> None:
    """Every parameter away from its starting value, so that no tensor can be left out unnoticed."""
    generator = torch.Generator().manual_seed(seed)
    for name, p in model.named_parameters():
        with torch.no_grad():
            noise = torch.randn(p.shape, generator=generator)
            if name.endswith("A_log"):
                p.add_(0.2 * noise)
            elif "norm" in name or name.endswith(".D"):
                p.copy_(1 + 0.2 * noise)
            elif "relative_attention_bias" in name:
                p.copy_(noise)
            elif name == "gate.fc2.weight":
                p.copy_(0.8 * noise)
            elif p.ndim == 1:
                p.add_(0.2 * noise)


@torch.no_grad()
def _mambaformer(out: Path, name: str, bidirectional: bool, combine: str, seed: int) -> None:
    torch.manual_seed(seed)
    config = preset("nano", 200)
    config.name = name
    config.combine = combine
    config.emamba.bidirectional = bidirectional
    if bidirectional:
        # The adapter and an untied head are covered here.
        config.emamba.d_model, config.emamba.d_inner, config.emamba.d_state = 48, 96, 16
        config.et5.tie_word_embeddings = False
    if combine == "expert":
        config.d_model, config.stem_conv = 32, None
        config.et5.d_kv, config.et5.d_ff = 16, 64
        config.emamba.d_model, config.emamba.d_inner = 32, 64
        config.heads = HeadsConfig(None, False, False, None)
    model = MambaFormer(config).eval()
    _randomise(model, seed)
    counts = torch.randint(0, 5000, (config.vocab_size,), generator=torch.Generator().manual_seed(seed)).double()
    model.set_counts(counts)
    model.refresh_table_norm()
    folder = out / name
    _write(folder, "model.safetensors", model.state_dict())
    (folder / "config.json").write_text(json.dumps(config.to_dict(), indent=1) + "\n")
    vectors = {}
    cases = [(f"len{n}.", n, None, 0.0) for n in LENGTHS] + [("et5.len33.", 33, ET5, 0.0), ("emamba.len33.", 33, EMAMBA, 0.0), ("bias.len33.", 33, None, 0.7)]
    for prefix, length, force, bias in cases:
        ids = _ids(seed, length, config.vocab_size, 7)
        encoded = model.encode(ids, torch.tensor([length]), force=force, bias=bias)
        decoder = torch.cat([torch.zeros(1, 1, dtype=torch.int64), _ids(seed + 1, min(length, 12) + 1, config.vocab_size, 7)], dim=1)
        # Tokens of the prompt among the answer, so that the pointer has something to point at.
        for i in range(1, decoder.shape[1], 2):
            decoder[0, i] = ids[0, (i * 3) % length]
        z, packing = model.decode(encoded, decoder, torch.tensor([decoder.shape[1]]))
        vectors |= {prefix + "input_ids": ids[0], prefix + "decoder_ids": decoder[0], prefix + "embeddings": encoded.e[0], prefix + "gate_features": encoded.features[0],
                    prefix + "gate_logits": encoded.logits[0], prefix + "p": encoded.p[0], prefix + "expert": encoded.expert[0], prefix + "memory": encoded.memory[0],
                    prefix + "decoder_hidden": z, prefix + "logits": model.lm_logits(z), prefix + "mixture": model.mixture(encoded, z, packing)}
        for which, key in ((ET5, "et5_hidden"), (EMAMBA, "emamba_hidden")):
            part = encoded.experts[which]
            if part is not None:
                vectors[prefix + key] = part[1]
                vectors[prefix + key.replace("hidden", "positions")] = part[0]
        if config.heads.copy:
            attention, g = model.copy_attention(encoded, z, packing)
            vectors |= {prefix + "copy_attention": attention[0].exp(), prefix + "generate": g}
        if config.heads.decision:
            vectors[prefix + "decision"] = model.heads.decision(z[0])
        if config.heads.answerable:
            vectors[prefix + "answerable"] = model.heads.answerable(z[0])
        if config.heads.embedding:
            vectors[prefix + "embedding"] = model.embedding(encoded)[0]
        margin = (encoded.logits[0, :, 1] + bias - encoded.logits[0, :, 0]).abs().min()
        if force is None and margin < 1e-4:
            raise TrainingError(f"{name} {prefix}: a token lies {margin:.1e} from the border between the experts; choose another seed")
    _write(folder, "vectors.safetensors", vectors)
    print(name, {p: round(float(vectors[p + "expert"].float().mean()), 2) for p, *_ in cases})


def make(out: Path) -> None:
    """Writes every golden folder under `out`."""
    import safetensors
    import transformers

    torch.set_num_threads(1)
    _t5(out, "t5_tied", True, 11)
    _t5(out, "t5_untied", False, 12)
    _mamba(out, 16, 21)
    _mamba(out, 8, 22)
    _mambaformer(out, "mambaformer_one_way", False, "residual", 31)
    _mambaformer(out, "mambaformer_two_way", True, "residual", 32)
    _mambaformer(out, "mambaformer_expert", False, "expert", 33)
    sentence_encoder = make_sentence_encoder(out)
    made = {"torch": torch.__version__, "transformers": transformers.__version__, "safetensors": safetensors.__version__, "seeds": {"t5_tied": 11, "t5_untied": 12, "mamba_state16": 21, "mamba_state8": 22,
            "mambaformer_one_way": 31, "mambaformer_two_way": 32, "mambaformer_expert": 33, **{f"sentence_encoder/{name}": seed for name, seed in sentence_encoder.items()}}, "lengths": list(LENGTHS)}
    (out / "made.json").write_text(json.dumps(made, indent=1) + "\n")
