"""Golden vectors of the sentence encoder: small BERT models of `transformers` with fixed seeds and a WordPiece tokenizer of their own.

The layout is described in tests/golden/README.md.
"""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from .retriever.reading import SCORES, Limits, Reader, line_states, similarities

LENGTHS = (1, 7, 33)
TEXTS = (
    "",
    "Is 0.2 % chlorhexidine fine?",
    "Zahnärzte: naïve café, Ωmega",
    "unaffable [SEP] \u9f52 \u200b\ttooth-ache!!!",
    "x" * 101,
    "pulp " * 40,
)
# Question, note, title, lines: all fits; the question is cut; the last line is left out; nothing but the title fits; nothing is asked.
READINGS = (
    ("is pulp fine?", None, "Tooth", ["Pulp is fine.", "Toothache is un-fine.", "Chlorhexidine 0.2 %."]),
    ("is a chlorhexidine naive caf fine", "tooth tooth tooth", "Pulp", ["Fine."]),
    ("tooth?", "naive", "Pulp", ["Tooth is fine.", "pulp " * 30, "Fine."]),
    ("tooth?", None, "pulp " * 40, ["Fine."]),
    ("", None, "Pulp", ["Fine.", "Tooth."]),
)
LIMITS = Limits(layers=1, max_asked=8, max_tokens=40)
# Single letters and their continuations, so that any ASCII word can be split, and a few whole words.
WORDS = ("tooth", "pulp", "chlor", "##hexidine", "##ache", "fine", "is", "caf", "naive", "zahn", "un", "##aff", "##able", "\u9f52")


def _vocabulary() -> list[str]:
    letters = [chr(c) for c in range(ord("a"), ord("z") + 1)] + [chr(c) for c in range(ord("0"), ord("9") + 1)]
    marks = list(".,:;!?%-()[]")
    return ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *marks, *letters, *[f"##{c}" for c in letters], *WORDS]


def _tokenizer(folder: Path, vocabulary: list[str]):
    from transformers import BertTokenizerFast

    path = folder / "vocab.txt"
    path.write_text("\n".join(vocabulary) + "\n")
    fast = BertTokenizerFast(vocab={piece: i for i, piece in enumerate(vocabulary)}, do_lower_case=True)
    path.unlink()
    # Saved as trainers save it: cut to a length and filled up to it. A reader must not take over either.
    fast.backend_tokenizer.enable_truncation(16)
    fast.backend_tokenizer.enable_padding(length=16)
    (folder / "tokenizer.json").write_text(fast.backend_tokenizer.to_str() + "\n")
    fast.backend_tokenizer.no_truncation()
    fast.backend_tokenizer.no_padding()
    # As our readers have it: a mark written out in a text is text.
    fast.backend_tokenizer.encode_special_tokens = True
    return fast.backend_tokenizer


@torch.no_grad()
def _model(out: Path, name: str, seed: int, heads: int, projection: int | None, prefix: str, reads: bool = False) -> None:
    from transformers import BertConfig, BertModel

    torch.manual_seed(seed)
    vocabulary = _vocabulary()
    folder = out / name
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = _tokenizer(folder, vocabulary)
    config = BertConfig(vocab_size=len(vocabulary), hidden_size=32, num_hidden_layers=2, num_attention_heads=heads, intermediate_size=64, max_position_embeddings=64, type_vocab_size=2,
                        hidden_act="gelu", layer_norm_eps=1e-12, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, pad_token_id=0)
    model = BertModel(config, add_pooling_layer=prefix == "").eval().float()
    generator = torch.Generator().manual_seed(seed)
    for key, p in model.named_parameters():
        # Away from the usual start, where biases are zero and scores nearly equal: no tensor can be left out or exchanged unnoticed.
        noise = torch.randn(p.shape, generator=generator)
        if "LayerNorm.weight" in key:
            p.copy_(1 + 0.2 * noise)
        elif p.ndim == 1:
            p.copy_(0.2 * noise)
        elif "embeddings" in key:
            p.copy_(noise)
        else:
            p.copy_(1.5 * p.shape[1] ** -0.5 * noise)
    stored = config.to_dict()
    stored["architectures"] = ["BertModel"]
    if reads:
        stored["reading"] = LIMITS.fields()
    (folder / "config.json").write_text(json.dumps(stored, indent=1, sort_keys=True) + "\n")
    weights = {prefix + key: value for key, value in model.state_dict().items()}
    matrix = torch.randn(projection, 32, generator=generator) * 32**-0.5 if projection else None
    if matrix is not None:
        weights["projection.weight"] = matrix
    head = [torch.randn(len(SCORES), *shape, generator=generator) for shape in ((32,), (), ())] if reads else None
    if head is not None:
        weights |= dict(zip(("reading.weight", "reading.bias", "reading.similarity"), head))
    save_file({k: v.contiguous().clone() for k, v in weights.items()}, str(folder / "model.safetensors"), metadata={"format": "pt"})

    def run(ids: torch.Tensor) -> dict:
        result = model(input_ids=ids[None], attention_mask=torch.ones_like(ids)[None], output_hidden_states=True)
        pooled = result.last_hidden_state[0].mean(0)
        if matrix is not None:
            pooled = matrix @ pooled
        return {f"hidden.{i}": hidden[0] for i, hidden in enumerate(result.hidden_states)} | {"vector": torch.nn.functional.normalize(pooled, dim=0)}

    vectors = {}
    for length in LENGTHS:
        ids = torch.randint(5, len(vocabulary), (length,), generator=torch.Generator().manual_seed(seed * 1000 + length))
        vectors |= {f"len{length}.input_ids": ids} | {f"len{length}.{k}": v for k, v in run(ids).items()}
    for number, text in enumerate(TEXTS):
        ids = torch.tensor(tokenizer.encode(text).ids)
        vectors[f"text{number}.input_ids"] = ids
        if len(ids) <= 64:
            vectors[f"text{number}.vector"] = run(ids)["vector"]
    for number, texts in enumerate(READINGS if head is not None else ()):
        reading = Reader(tokenizer, LIMITS).lay(*texts)
        vectors[f"reading{number}.input_ids"] = torch.tensor(reading.ids)
        if reading.spans:
            ids = torch.tensor(reading.ids)[None]
            states = model(input_ids=ids, attention_mask=torch.ones_like(ids), output_hidden_states=True).hidden_states[LIMITS.layers]
            lines = line_states(states, [reading])
            vectors[f"reading{number}.scores"] = lines @ head[0].T + head[1] + similarities(states, lines, [reading]).unsqueeze(1) * head[2]
    save_file({k: v.detach().contiguous().clone() for k, v in vectors.items()}, str(folder / "vectors.safetensors"), metadata={"format": "pt"})


def make(out: Path) -> dict[str, int]:
    """Writes the folders under `out`/sentence_encoder and returns their seeds."""
    out = out / "sentence_encoder"
    out.mkdir(parents=True, exist_ok=True)
    seeds = {"plain": 41, "projected": 42}
    _model(out, "plain", seeds["plain"], heads=2, projection=None, prefix="", reads=True)
    # As a trained model is exported: without pooler, under a prefix, with fewer dimensions at the end.
    _model(out, "projected", seeds["projected"], heads=4, projection=16, prefix="bert.")
    (out / "texts.json").write_text(json.dumps(list(TEXTS), indent=1) + "\n")
    (out / "readings.json").write_text(json.dumps(list(READINGS), indent=1) + "\n")
    return seeds
