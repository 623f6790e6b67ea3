"""Small SVG pictures drawn on the server: reliability, coverage against precision, and a trend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

SIZE = 180
INSET = 26


def reliability(points: Sequence[Sequence[float]]) -> str:
    """Mean probability against share true, a dot a bin, the diagonal for comparison."""
    dots = "".join(f'<circle cx="{_x(p[0]):.1f}" cy="{_y(p[1]):.1f}" r="3"/>' for p in points)
    return _frame("probability said", "share true", f'<path class="ideal" d="M{_x(0)} {_y(0)}L{_x(1)} {_y(1)}"/>{dots}')


def coverage(points: Sequence[Sequence[float]]) -> str:
    """Share answered against precision there."""
    line = " ".join(f"{_x(p[0]):.1f},{_y(p[1]):.1f}" for p in points)
    return _frame("share covered", "precision", f'<polyline points="{line}"/>')


def trend(values: Sequence[float]) -> str:
    """The last runs of one figure, as a line without axes."""
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    spread = (high - low) or 1.0
    step = 76 / (len(values) - 1)
    line = " ".join(f"{2 + i * step:.1f},{18 - 16 * (v - low) / spread:.1f}" for i, v in enumerate(values))
    return f'<svg class="trend" viewBox="0 0 80 20" role="img" aria-label="last {len(values)} runs"><polyline points="{line}"/></svg>'


def interval(value: float, low: float, high: float, target: float | None) -> str:
    """A share between 0 and 1 with its interval, and a tick at the target."""
    tick = f'<path class="target" d="M{target * 120:.1f} 1V13"/>' if target is not None and 0 <= target <= 1 else ""
    bar = f'<path class="bar" d="M{max(low, 0) * 120:.1f} 7H{min(high, 1) * 120:.1f}"/>'
    dot = f'<circle cx="{value * 120:.1f}" cy="7" r="3"/>'
    return f'<svg class="interval" viewBox="-3 0 126 14" aria-hidden="true"><path class="axis" d="M0 7H120"/>{bar}{dot}{tick}</svg>'


def _frame(x_name: str, y_name: str, inside: str) -> str:
    axes = f'<path class="axis" d="M{_x(0)} {_y(1)}V{_y(0)}H{_x(1)}"/>'
    names = (
        f'<text x="{SIZE / 2}" y="{SIZE - 4}" text-anchor="middle">{x_name}</text>'
        f'<text transform="translate(9 {SIZE / 2}) rotate(-90)" text-anchor="middle">{y_name}</text>'
    )
    return f'<svg class="plot" viewBox="0 0 {SIZE} {SIZE}" role="img" aria-label="{y_name} by {x_name}">{axes}{inside}{names}</svg>'


def _x(share: float) -> float:
    return INSET + share * (SIZE - INSET - 8)


def _y(share: float) -> float:
    return SIZE - INSET - share * (SIZE - INSET - 8)


def days(title: str, curves: Mapping[str, Sequence[float | None]]) -> str:
    """Shares by day, a line each, told apart by dashes and named at the right; a day without the figure breaks its line."""
    width, height, dashes = 760, 300, ("none", "6 4", "2 3", "9 3 2 3")
    parts = [
        f'<svg class="days" viewBox="0 0 {width} {height}" role="img" aria-label="{title}" font-size="11" fill="currentColor">',
        '<path d="M40 10V270H540" fill="none" stroke="currentColor"/><text x="36" y="16" text-anchor="end">1</text>'
        '<text x="36" y="272" text-anchor="end">0</text><text x="290" y="292" text-anchor="middle">day</text>',
    ]
    for number, (name, values) in enumerate(curves.items()):
        step = 500 / max(len(values) - 1, 1)
        dash = dashes[number % len(dashes)]
        path = ""
        for day, value in enumerate(values):
            if value is not None:
                begins = day == 0 or values[day - 1] is None
                path += f"{'M' if begins else 'L'}{40 + day * step:.1f} {270 - 255 * value:.1f}"
        style = f'fill="none" stroke="currentColor" stroke-dasharray="{dash}"'
        parts.append(f'<path d="{path}" {style}/><path d="M560 {24 + 20 * number}H600" {style}/>')
        parts.append(f'<text x="606" y="{28 + 20 * number}">{name}</text>')
    return "".join([*parts, "</svg>"])
