"""Plots as SVG without a library; the colours follow the reader's light or dark theme."""

from dataclasses import dataclass
from html import escape

WIDTH = 640
STYLE = """<style>
 .ground { fill: #ffffff } .ink { fill: #1f2328 } .soft { fill: #57606a } .line { stroke: #8c959f; fill: none } .bar { fill: #2f6fb0 } .mark { stroke: #2f6fb0; fill: #2f6fb0 }
 @media (prefers-color-scheme: dark) {
  .ground { fill: #0d1117 } .ink { fill: #e6edf3 } .soft { fill: #a8b1bb } .line { stroke: #6e7681 } .bar { fill: #6cb0f5 } .mark { stroke: #6cb0f5; fill: #6cb0f5 }
 }
</style>"""


@dataclass
class Bar:
    """A share with its name and what it was counted on."""

    name: str
    share: float
    n: int


@dataclass
class Point:
    """A bin of the reliability plot: mean score, share that is right, and its interval."""

    score: float
    right: float
    low: float
    high: float


def _page(height: float, title: str, description: str, parts: list[str]) -> str:
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" height="{height:.0f}" role="img" '
            f'aria-labelledby="title description" font-family="sans-serif" font-size="13">')
    return "\n".join([head, f'<title id="title">{escape(title)}</title>', f'<desc id="description">{escape(description)}</desc>', STYLE,
                      f'<rect class="ground" width="{WIDTH}" height="{height:.0f}"/>', f'<text class="ink" x="16" y="26" font-size="16">{escape(title)}</text>', *parts, "</svg>"]) + "\n"


def bars(title: str, axis: str, groups: list[tuple[str, list[Bar]]]) -> str:
    """Horizontal bars in groups; `axis` says what a bar's length is."""
    left, right, step = 200, WIDTH - 130, 22
    largest = max((bar.share for _, rows in groups for bar in rows), default=1.0)
    # The axis ends at the next tenth, so that small shares can be told apart.
    end = min(1.0, (int(largest * 10) + 1) / 10)
    at = lambda share: left + share / end * (right - left)
    parts, y = [], 52
    for name, rows in groups:
        parts.append(f'<text class="ink" x="16" y="{y}" font-weight="bold">{escape(name)}</text>')
        y += 8
        for bar in rows:
            parts.append(f'<text class="ink" x="{left - 8}" y="{y + 14}" text-anchor="end">{escape(bar.name)}</text>'
                         f'<rect class="bar" x="{left}" y="{y + 2}" width="{at(bar.share) - left:.1f}" height="15"/>'
                         f'<text class="soft" x="{at(bar.share) + 6:.1f}" y="{y + 14}">{100 * bar.share:.1f} % of {bar.n:,}</text>')
            y += step
        y += 20
    parts.append(f'<path class="line" d="M{left} {y - 14}H{right}"/>')
    for tick in range(int(round(end * 10)) + 1):
        parts.append(f'<path class="line" d="M{at(tick / 10):.1f} {y - 14}v5"/><text class="soft" x="{at(tick / 10):.1f}" y="{y + 6}" text-anchor="middle">{10 * tick}</text>')
    parts.append(f'<text class="ink" x="{(left + right) / 2:.0f}" y="{y + 26}" text-anchor="middle">{escape(axis)}</text>')
    described = "; ".join(f"{name}: " + ", ".join(f"{bar.name} {100 * bar.share:.1f} %" for bar in rows) for name, rows in groups)
    return _page(y + 40, title, described, parts)


def reliability(title: str, x_label: str, y_label: str, points: list[Point]) -> str:
    """Share that is right against the score, with the diagonal of a score that means what it says."""
    left, top, side = 70, 46, 380
    x, y = (lambda v: left + v * side), (lambda v: top + side - v * side)
    parts = [f'<rect class="line" x="{left}" y="{top}" width="{side}" height="{side}"/>', f'<path class="line" stroke-dasharray="5 4" d="M{x(0)} {y(0)}L{x(1)} {y(1)}"/>']
    for tick in range(0, 11, 2):
        v = tick / 10
        parts.append(f'<path class="line" d="M{x(v):.1f} {y(0)}v5M{left} {y(v):.1f}h-5"/><text class="soft" x="{x(v):.1f}" y="{y(0) + 20}" text-anchor="middle">{v:.1f}</text>'
                     f'<text class="soft" x="{left - 9}" y="{y(v) + 4:.1f}" text-anchor="end">{v:.1f}</text>')
    for point in points:
        parts.append(f'<path class="mark" stroke-width="1.5" d="M{x(point.score):.1f} {y(point.low):.1f}V{y(point.high):.1f}"/><circle class="mark" cx="{x(point.score):.1f}" cy="{y(point.right):.1f}" r="4.5"/>')
    parts.append(f'<text class="ink" x="{left + side / 2:.0f}" y="{top + side + 42}" text-anchor="middle">{escape(x_label)}</text>'
                 f'<text class="ink" transform="translate(22,{top + side / 2:.0f}) rotate(-90)" text-anchor="middle">{escape(y_label)}</text>')
    parts += [f'<text class="soft" x="{left + side + 16}" y="{top + 20 + 20 * row}">{escape(text)}</text>' for row, text in enumerate(
        ("points: tenths of the", "answers by score", "bars: 95 % intervals", "dashed: a score that", "means what it says"))]
    described = "; ".join(f"score {point.score:.2f}: {point.right:.2f} right [{point.low:.2f}, {point.high:.2f}]" for point in points)
    return _page(top + side + 58, title, described, parts)
