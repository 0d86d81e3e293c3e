"""A small scatter plot as SVG, without a library."""

from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 460, 360, 58, 46, 14, 16


@dataclass
class Point:
    """A setting's two measures, mean and standard deviation each."""

    name: str
    x: float
    x_spread: float
    y: float
    y_spread: float


def _ticks(low: float, high: float) -> list[float]:
    """About five round numbers between the two."""
    step = next(s for s in (m * 10.0**e for e in range(-6, 7) for m in (1, 2, 5)) if (high - low) / s <= 6)
    first = int(low / step) + (low > 0 and low % step > 0)
    return [step * (first + i) for i in range(8) if low <= step * (first + i) <= high]


def front(points: list[Point]) -> list[Point]:
    """Those that no other beats in both measures (less is better), by x."""
    kept: list[Point] = []
    for point in sorted(points, key=lambda p: (p.x, p.y)):
        if not kept or point.y < kept[-1].y:
            kept.append(point)
    return kept


def _free(x: float, y: float, name: str, taken: list[tuple]) -> tuple[float, float]:
    """Where the name of a point can stand without covering another: right or left of it, a little higher or lower."""
    width, height = 4.6 * len(name), 9.0
    places = [(x + 4 if right else x - 4 - width, y + down) for down in (-4, 9, -13, 18, -22, 27) for right in (True, False)]
    free = lambda a, b: all(a + width < c or c + w < a or b < d - height or d < b - height for c, d, w in taken)
    a, b = next((place for place in places if free(*place)), places[0])
    taken.append((a, b, width))
    return a, b


def _panel(x_label: str, y_label: str, line: list[Point], dots: list[Point], shift: int) -> list[str]:
    every = line + dots
    low_x, high_x = min(p.x - p.x_spread for p in every), max(p.x + p.x_spread for p in every)
    low_y, high_y = min(p.y - p.y_spread for p in every), max(p.y + p.y_spread for p in every)
    pad_x, pad_y = 0.08 * (high_x - low_x) or 1.0, 0.06 * (high_y - low_y) or 1.0
    low_x, high_x, low_y, high_y = low_x - pad_x, high_x + pad_x, low_y - pad_y, high_y + pad_y
    at_x = lambda v: shift + LEFT + (v - low_x) / (high_x - low_x) * (WIDTH - LEFT - RIGHT)
    at_y = lambda v: HEIGHT - BOTTOM - (v - low_y) / (high_y - low_y) * (HEIGHT - BOTTOM - TOP)
    out = [f'<rect x="{shift + LEFT}" y="{TOP}" width="{WIDTH - LEFT - RIGHT}" height="{HEIGHT - BOTTOM - TOP}" fill="none" stroke="#999"/>']
    for v in _ticks(low_x, high_x):
        out.append(f'<line x1="{at_x(v):.1f}" x2="{at_x(v):.1f}" y1="{HEIGHT - BOTTOM}" y2="{HEIGHT - BOTTOM + 4}" stroke="#999"/><text x="{at_x(v):.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{v:g}</text>')
    for v in _ticks(low_y, high_y):
        out.append(f'<line x1="{shift + LEFT - 4}" x2="{shift + LEFT}" y1="{at_y(v):.1f}" y2="{at_y(v):.1f}" stroke="#999"/><text x="{shift + LEFT - 7}" y="{at_y(v) + 4:.1f}" text-anchor="end">{v:g}</text>')
    out.append(f'<text x="{shift + (LEFT + WIDTH - RIGHT) / 2:.0f}" y="{HEIGHT - 8}" text-anchor="middle">{escape(x_label)}</text>')
    out.append(f'<text transform="translate({shift + 14},{(TOP + HEIGHT - BOTTOM) / 2:.0f}) rotate(-90)" text-anchor="middle">{escape(y_label)}</text>')
    best = front(every)
    out.append('<polyline fill="none" stroke="#bbb" stroke-dasharray="4 3" points="' + " ".join(f"{at_x(p.x):.1f},{at_y(p.y):.1f}" for p in best) + '"/>')
    out.append('<polyline fill="none" stroke="#0a6" points="' + " ".join(f"{at_x(p.x):.1f},{at_y(p.y):.1f}" for p in line) + '"/>')
    taken: list[tuple] = []
    for points, colour in ((line, "#0a6"), (dots, "#36c")):
        for p in points:
            x, y = at_x(p.x), at_y(p.y)
            out.append(f'<path stroke="{colour}" stroke-opacity="0.35" d="M{at_x(p.x - p.x_spread):.1f} {y:.1f}H{at_x(p.x + p.x_spread):.1f}M{x:.1f} {at_y(p.y - p.y_spread):.1f}V{at_y(p.y + p.y_spread):.1f}"/>')
            at = _free(x, y, p.name, taken)
            out.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/><text x="{at[0]:.1f}" y="{at[1]:.1f}" font-size="8.5" fill="{colour}">{escape(p.name)}</text>')
    return out


def pareto(panels: list[tuple[str, str, list[Point], list[Point]]]) -> str:
    """Panels side by side: (x label, y label, points joined by a line, further points); dashed: the Pareto front of all, bars: one standard deviation."""
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH * len(panels)}" height="{HEIGHT}" font-family="sans-serif" font-size="11" fill="#333">', f'<rect width="{WIDTH * len(panels)}" height="{HEIGHT}" fill="#fff"/>']
    for number, (x_label, y_label, line, dots) in enumerate(panels):
        if line or dots:
            parts += _panel(x_label, y_label, line, dots, number * WIDTH)
    return "\n".join([*parts, "</svg>"]) + "\n"
