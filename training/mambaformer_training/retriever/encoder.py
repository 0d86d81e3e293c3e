"""A BERT-type sentence encoder: mean of the last hidden states, length 1."""

import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel

from ..errors import CheckpointError

# Of a question together with its note; a line has fewer.
MAX_PIECES = 256


class TextEncoder(torch.nn.Module):
    """Texts to vectors of length 1; `forward` takes padded ids and their mask, `[batch, width]`."""

    def __init__(self, tokenizer: Tokenizer, width: int):
        super().__init__()
        self.tokenizer, self.width = tokenizer, width
        self.pad = tokenizer.token_to_id("[PAD]")

    def pieces(self, texts: list[str]) -> list[list[int]]:
        """Piece ids with the marks at both ends, cut to MAX_PIECES."""
        out = []
        for encoding in self.tokenizer.encode_batch(texts):
            ids = encoding.ids
            out.append(ids if len(ids) <= MAX_PIECES else ids[: MAX_PIECES - 1] + ids[-1:])
        return out

    def batch(self, pieces: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
        """Ids and mask, padded to the longest."""
        width = max(map(len, pieces))
        ids = torch.full((len(pieces), width), self.pad)
        mask = torch.zeros(len(pieces), width, dtype=torch.long)
        for row, piece in enumerate(pieces):
            ids[row, : len(piece)] = torch.tensor(piece)
            mask[row, : len(piece)] = 1
        return ids, mask

    @torch.no_grad()
    def encode(self, texts: list[str], size: int = 64) -> np.ndarray:
        """`[texts, width]`; texts of like length go together."""
        self.eval()
        pieces = self.pieces(texts)
        order = sorted(range(len(texts)), key=lambda i: len(pieces[i]))
        out = np.zeros((len(texts), self.width), np.float32)
        for start in range(0, len(order), size):
            rows = order[start : start + size]
            out[rows] = self(*self.batch([pieces[i] for i in rows])).numpy()
        return out


class SentenceEncoder(TextEncoder):
    """BERT; the mean of its last hidden states."""

    def __init__(self, config: BertConfig, tokenizer: Tokenizer):
        super().__init__(tokenizer, config.hidden_size)
        self.bert = BertModel(config, add_pooling_layer=False)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """`[batch, d_model]` of length 1."""
        hidden = self.bert(input_ids=ids, attention_mask=mask).last_hidden_state
        weight = mask.unsqueeze(-1).to(hidden.dtype)
        return torch.nn.functional.normalize((hidden * weight).sum(1) / weight.sum(1), dim=-1)

    def save(self, folder: Path) -> None:
        """`config.json`, `model.safetensors` and `tokenizer.json` as transformers writes them."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.json").write_text(json.dumps(self.bert.config.to_dict(), indent=1, sort_keys=True) + "\n")
        save_file({name: value.contiguous() for name, value in self.bert.state_dict().items()}, folder / "model.safetensors")
        self.tokenizer.save(str(folder / "tokenizer.json"))


def load(folder: Path, tokenizer: Tokenizer | None = None, rows: list[int] | None = None, layers: int | None = None) -> SentenceEncoder:
    """Reads a folder; with `rows` only those rows of the embedding table, with `layers` only the first so many layers."""
    try:
        fields = json.loads((folder / "config.json").read_text())
        tensors = load_file(folder / "model.safetensors")
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{folder} holds no sentence encoder: {error}") from error
    if tokenizer is None:
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.no_truncation()
    if rows is not None:
        name = "embeddings.word_embeddings.weight"
        tensors[name] = tensors[name][rows]
        fields.update(vocab_size=len(rows), pad_token_id=0)
    if layers is not None:
        fields["num_hidden_layers"] = layers
    encoder = SentenceEncoder(BertConfig(**{k: v for k, v in fields.items() if k not in ("transformers_version", "_name_or_path")}), tokenizer)
    wanted = encoder.bert.state_dict()
    if missing := [name for name in wanted if name not in tensors]:
        raise CheckpointError(f"{folder}: {len(missing)} tensors are missing, the first is {missing[0]}")
    encoder.bert.load_state_dict({name: tensors[name].float() for name in wanted})
    return encoder
