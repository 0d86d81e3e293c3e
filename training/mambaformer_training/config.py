"""The model's configuration, as it stands in the field `config` of a model folder's manifest."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .errors import DataError


@dataclass
class GateConfig:
    hidden: int = 64
    window: int = 4
    prototypes: int = 16
    temperature: float = 1.0


@dataclass
class Et5Config:
    num_layers: int = 4
    num_decoder_layers: int = 4
    num_heads: int = 4
    d_kv: int = 64
    d_ff: int = 768
    relative_attention_num_buckets: int = 32
    relative_attention_max_distance: int = 128
    layer_norm_epsilon: float = 1e-6
    tie_word_embeddings: bool = True


@dataclass
class EMambaConfig:
    d_model: int = 256
    num_layers: int = 4
    d_inner: int = 512
    d_state: int = 16
    d_conv: int = 4
    dt_rank: int = 16
    bidirectional: bool = False
    layer_norm_epsilon: float = 1e-5


@dataclass
class WidthConfig:
    width: int


@dataclass
class HeadsConfig:
    copy: WidthConfig | None = field(default_factory=lambda: WidthConfig(64))
    decision: bool = True
    answerable: bool = True
    embedding: WidthConfig | None = field(default_factory=lambda: WidthConfig(256))


@dataclass
class Config:
    name: str = "chairside"
    vocab_size: int = 8192
    d_model: int = 256
    max_tokens: int = 1024
    pad_token_id: int = 0
    eos_token_id: int = 1
    decoder_start_token_id: int = 0
    # So many of the question's first tokens stand before the start token in the decoder's input; 0: none, as in plain T5.
    decoder_prefix: int = 0
    stem_conv: int | None = 4
    gate: GateConfig = field(default_factory=GateConfig)
    et5: Et5Config = field(default_factory=Et5Config)
    emamba: EMambaConfig | None = field(default_factory=EMambaConfig)
    combine: str = "residual"
    heads: HeadsConfig = field(default_factory=HeadsConfig)

    def to_dict(self) -> dict:
        """The JSON object of the contract."""
        return asdict(self)

    @staticmethod
    def from_dict(data: dict) -> "Config":
        """Reads the JSON object; unknown fields are an error."""
        try:
            d = dict(data)
            d["gate"] = GateConfig(**d["gate"])
            d["et5"] = Et5Config(**d["et5"])
            d["emamba"] = EMambaConfig(**d["emamba"]) if d.get("emamba") else None
            h = dict(d["heads"])
            h["copy"] = WidthConfig(**h["copy"]) if h.get("copy") else None
            h["embedding"] = WidthConfig(**h["embedding"]) if h.get("embedding") else None
            d["heads"] = HeadsConfig(**h)
            return Config(**d)
        except (TypeError, KeyError) as error:
            raise DataError(f"the config does not have the expected fields ({error}); compare it with training/README.md") from error

    @staticmethod
    def read(path: Path) -> "Config":
        """Reads a config.json."""
        if not path.is_file():
            raise DataError(f"{path} does not exist")
        return Config.from_dict(json.loads(path.read_text()))


def preset(name: str, vocab_size: int | None = None) -> Config:
    """`chairside` (ships) or `nano` (tests)."""
    if name == "chairside":
        config = Config(decoder_prefix=63)
    elif name == "nano":
        config = Config(name="nano", vocab_size=512, d_model=64, max_tokens=512, decoder_prefix=7, gate=GateConfig(16, 2, 4, 1.0),
                        et5=Et5Config(2, 2, 2, 32, 128), emamba=EMambaConfig(64, 2, 128, 8, 4, 4),
                        heads=HeadsConfig(WidthConfig(16), True, True, WidthConfig(64)))
    else:
        raise DataError(f"there is no preset `{name}`; chairside and nano can be trained")
    if vocab_size is not None:
        config.vocab_size = vocab_size
    return config
