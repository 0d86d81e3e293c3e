"""k_e(L): what a token costs on each expert in a prompt of L tokens, from a table of measurements."""

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from .errors import DataError
from .packing import Packing

LENGTHS = (64, 128, 192, 256, 384, 512, 768, 1024)


@dataclass
class Costs:
    """Microseconds a token of each expert at some lengths; between them the cost is interpolated, outside it is that of the nearest."""

    lengths: list[int]
    et5_us: list[float]
    emamba_us: list[float]

    def __post_init__(self):
        rows = len(self.lengths)
        if not rows or rows != len(self.et5_us) or rows != len(self.emamba_us) or list(self.lengths) != sorted(set(self.lengths)) or min(*self.et5_us, *self.emamba_us) <= 0:
            raise DataError("a table of costs needs rising lengths and a positive time for each expert at each of them; measure it with `costs`")
        unit = self.et5_us[-1]
        self._lengths = torch.tensor(self.lengths, dtype=torch.float32, device="cpu")
        # In units of ET5's cost at the longest length, as the weights of the loss expect them.
        self._units = torch.tensor([self.et5_us, self.emamba_us], dtype=torch.float32, device="cpu").t() / unit

    def at(self, lengths: torch.Tensor) -> torch.Tensor:
        """k_e(L) for lengths [B]: [B, 2]; ET5 at the longest measured length costs 1."""
        if len(self.lengths) == 1:
            return self._units.to(lengths.device).expand(lengths.numel(), -1)
        at, units = self._lengths.to(lengths.device), self._units.to(lengths.device)
        where = lengths.float().clamp(at[0], at[-1])
        upper = torch.searchsorted(at, where).clamp(1, len(self.lengths) - 1)
        below, above = at[upper - 1], at[upper]
        part = ((where - below) / (above - below))[:, None]
        return units[upper - 1] * (1 - part) + units[upper] * part

    def to_dict(self) -> dict:
        """For settings and JSON."""
        return asdict(self)

    @staticmethod
    def read(path: Path, name: str) -> "Costs":
        """The table `name` of a file that `costs` wrote."""
        if not path.is_file():
            raise DataError(f"{path} does not exist; measure it with `python -m mambaformer_training costs`")
        tables = json.loads(path.read_text())
        if name not in tables:
            raise DataError(f"{path} has no table `{name}`; it has {', '.join(tables)}")
        return Costs(**{key: tables[name][key] for key in ("lengths", "et5_us", "emamba_us")})


@torch.no_grad()
def measure(model, lengths=LENGTHS, rounds: int = 15) -> Costs:
    """Best of `rounds` forward passes of each expert over all tokens of a prompt, the two in turn so that both meet the same disturbances."""
    model.eval()
    best = {}
    for _ in range(rounds):
        for length in lengths:
            x, packing, positions = torch.randn(length, model.config.d_model), Packing(torch.tensor([length])), torch.arange(length)
            for which, pass_ in (("et5", lambda: model.et5.encoder(x, packing, positions)), ("emamba", lambda: model.emamba(x, packing))):
                begin = time.perf_counter()
                pass_()
                seconds = time.perf_counter() - begin
                best[which, length] = min(best.get((which, length), seconds), seconds)
    table = lambda which: [round(best[which, length] / length * 1e6, 3) for length in lengths]
    return Costs(list(lengths), table("et5"), table("emamba"))


def of_bench(paths: list[Path], engine: str) -> Costs:
    """The table from what `cargo xtask bench --output FILE` wrote: prompts with all tokens on one expert, microseconds a token; the best of several files.

    The bench times whole prompts; embedding, gate and the decoder's keys are in both experts' figures.
    """
    runs: dict[tuple, float] = {}
    path = paths[0]
    try:
        for path in paths:
            for r in json.loads(path.read_text())["models"][0]["runs"]:
                key = r["routing"], r["tokens"]
                if r["engine"] == engine:
                    runs[key] = min(runs.get(key, r["prompt_ms"]), r["prompt_ms"])
        lengths = sorted(tokens for routing, tokens in runs if routing == "all on ET5")
        table = lambda routing: [round(runs[routing, tokens] / tokens * 1e3, 3) for tokens in lengths]
        return Costs(lengths, table("all on ET5"), table("all on EMamba"))
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise DataError(f"{path} is no output of `cargo xtask bench --output` with runs of engine `{engine}` ({type(error).__name__}: {error})") from error


def write(path: Path, name: str, costs: Costs, how: str) -> None:
    """Puts the table into the file beside the others."""
    tables = json.loads(path.read_text()) if path.is_file() else {}
    tables[name] = {"how": how, "unit": "microseconds a token", **costs.to_dict()}
    path.write_text(json.dumps(tables, indent=1) + "\n")
