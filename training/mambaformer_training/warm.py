"""A warm start: what a sentence encoder knows of words, put where a new model would begin with noise.

Each piece's row of the shared table begins as the vector that the encoder makes of that piece alone, brought to d_model by principal
components and made shorter the more frequent the piece is (Arora et al. 2017), so that a mean over a line is already a fair summary of it.
In ET5's encoder, one head in four begins with equal projections of queries and keys: it looks at the places that hold the same or a
kindred word, which is what relating a question to a passage starts from.
"""

from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

from .errors import DataError
from .model import MambaFormer

# The spread of a table that starts as noise (`MambaFormer.__init__`); the layers behind are made for it.
TABLE_STD = 0.5
# Score of a word with itself in a head that begins by matching: e^6 against a few hundred other places.
SAME_WORD = 6.0
# Scale of the pointer's two projections; their product begins as a weak cosine.
COMPARED = 0.3
# What is left of the stem's and the experts' first outputs, which are noise.
QUIET = 0.3


def text_of(piece: str) -> str:
    """A piece as it reads on its own."""
    return piece.replace("\u2581", " ").strip()


@torch.no_grad()
def warm(model: MambaFormer, tokenizer: Tokenizer, counts: list[int], encoder: Path) -> int:
    """Fills the table and the matching heads; returns how many rows the encoder gave."""
    from .retriever.encoder import load

    teacher = load(encoder)
    if teacher.width < model.config.d_model:
        raise DataError(f"{encoder} gives vectors of width {teacher.width}, d_model is {model.config.d_model}; choose a wider encoder")
    size = tokenizer.get_vocab_size()
    pieces = {i: text_of(tokenizer.id_to_token(i)) for i in range(size)}
    texts = {i: text for i, text in pieces.items() if any(map(str.isalnum, text)) and not text.startswith("<")}
    rows = np.array(list(texts))
    vectors = teacher.encode(list(texts.values()), 256)
    vectors = vectors - vectors.mean(0)
    _, _, axes = np.linalg.svd(vectors, full_matrices=False)
    axes = axes[: model.config.d_model]
    # Few pieces have few components; the others of their rows are nothing.
    table = np.pad(vectors @ axes.T, ((0, 0), (0, model.config.d_model - len(axes))))
    share = (np.asarray(counts, dtype=np.float64)[rows] + 1) / (np.sum(counts) + size)
    table *= np.sqrt(1e-3 / (1e-3 + share))[:, None]
    table *= TABLE_STD / np.sqrt(np.mean(np.square(table)))
    model.shared.weight[torch.from_numpy(rows)] = torch.from_numpy(table.astype(np.float32))
    model.refresh_table_norm()
    # The memory begins as what the words themselves say; stem and experts add to it as they learn.
    for quiet in (model.et5.encoder.final_layer_norm.weight, *([model.emamba.norm_f.weight] if model.config.emamba else []), *([model.stem.weight] if model.config.stem_conv else [])):
        quiet.mul_(QUIET)
    for block in model.et5.encoder.block:
        attention = block.layer[0].SelfAttention
        for head in range(max(1, attention.heads // 4)):
            # A normalised input has length sqrt(d), of which the head's directions keep their share.
            directions = torch.nn.init.orthogonal_(torch.empty(attention.width, model.config.d_model)) * (SAME_WORD / attention.width) ** 0.5
            for projection in (attention.q, attention.k):
                projection.weight[head * attention.width : (head + 1) * attention.width] = directions
    # The decoder's first layer hands the words it has read on in their own directions, so that its state at the start token begins as a
    # mean of the question's words; the pointer compares it with the memory's.
    decoder = model.et5.decoder.block[0].layer[0].SelfAttention
    turn = torch.nn.init.orthogonal_(torch.empty(decoder.v.weight.shape))
    decoder.v.weight.copy_(turn)
    decoder.o.weight.copy_(turn.T)
    decoder.q.weight.mul_(QUIET)
    for block in model.et5.decoder.block:
        for writer in (block.layer[1].EncDecAttention.o, block.layer[2].DenseReluDense.wo):
            writer.weight.mul_(QUIET)
    for block in model.et5.decoder.block[1:]:
        block.layer[0].SelfAttention.o.weight.mul_(QUIET)
    if model.config.heads.copy:
        compared = torch.nn.init.orthogonal_(torch.empty(model.heads.copy.query.weight.shape)) * COMPARED
        model.heads.copy.query.weight.copy_(compared)
        model.heads.copy.key.weight.copy_(compared)
    return len(rows)
