"""Figures with intervals over clusters of paraphrases: clusters are drawn, not questions."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

DRAWS = 2000
SEED = 17


@dataclass
class Figure:
    """A measure with its 95 % interval and how many questions it was counted on."""

    value: float
    low: float
    high: float
    n: int

    def percent(self) -> str:
        """`59.4 [56.2, 62.3]`."""
        return f"{100 * self.value:.1f} [{100 * self.low:.1f}, {100 * self.high:.1f}]"

    def plain(self, digits: int = 3) -> str:
        """`0.594 [0.562, 0.623]`."""
        return f"{self.value:.{digits}f} [{self.low:.{digits}f}, {self.high:.{digits}f}]"

    def points(self) -> str:
        """A difference in points: `+0.4 [+0.1, +0.8]`."""
        return f"{100 * self.value:+.1f} [{100 * self.low:+.1f}, {100 * self.high:+.1f}]"


def _sums(pairs: dict[str, tuple[float, float]], clusters: dict[str, str], names: list[str]) -> np.ndarray:
    """`[clusters, 2]`: numerators and denominators."""
    place = {name: i for i, name in enumerate(names)}
    table = np.zeros((len(names), 2))
    for question, pair in pairs.items():
        table[place[clusters[question]]] += pair
    return table


def _drawn(count: int) -> np.ndarray:
    return np.random.default_rng(SEED).integers(count, size=(DRAWS, count))


def _ratios(sums: np.ndarray) -> np.ndarray:
    """Numerator by denominator; 0 where a draw holds nothing to count."""
    return np.divide(sums[..., 0], sums[..., 1], out=np.zeros(sums.shape[:-1]), where=sums[..., 1] > 0)


def _figure(value: float, draws: np.ndarray, n: int) -> Figure:
    low, high = np.quantile(draws, (0.025, 0.975))
    return Figure(float(value), float(low), float(high), n)


def share(pairs: dict[str, tuple[float, float]], clusters: dict[str, str]) -> Figure | None:
    """Sum of the numerators by sum of the denominators; clusters are drawn, not questions. None where there is nothing to count."""
    counted = {question: pair for question, pair in pairs.items() if pair[1]}
    if not counted:
        return None
    table = _sums(counted, clusters, sorted({clusters[question] for question in counted}))
    return _figure(_ratios(table.sum(0)), _ratios(table[_drawn(len(table))].sum(1)), len(counted))


def difference(pairs: dict[str, tuple[float, float]], base: dict[str, tuple[float, float]], clusters: dict[str, str]) -> Figure:
    """Share of `pairs` less that of `base` on the questions of both, drawn alike."""
    shared = sorted(pairs.keys() & base.keys())
    names = sorted({clusters[question] for question in shared})
    one, other = (_sums({question: rows[question] for question in shared}, clusters, names) for rows in (pairs, base))
    drawn = _drawn(len(names))
    return _figure(_ratios(one.sum(0)) - _ratios(other.sum(0)), _ratios(one[drawn].sum(1)) - _ratios(other[drawn].sum(1)), len(shared))


def over_clusters(measure: Callable[[np.ndarray], float], groups: list[str], draws: int = 500) -> Figure:
    """A measure of rows that is no ratio of sums: `measure` takes the places of rows; `groups` is the cluster of each row."""
    members: dict[str, list[int]] = {}
    for place, group in enumerate(groups):
        members.setdefault(group, []).append(place)
    rows = [np.array(members[name]) for name in sorted(members)]
    generator = np.random.default_rng(SEED)
    sampled = [measure(np.concatenate([rows[i] for i in generator.integers(len(rows), size=len(rows))])) for _ in range(draws)]
    return _figure(measure(np.arange(len(groups))), np.array([value for value in sampled if np.isfinite(value)]), len(groups))
