"""Plots as SVG made on the server. Shapes and dashes tell series apart, never colour alone; each has a table beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from service.feedback.estimates import Figure

LEFT, WIDTH, ROW, TOP = 190, 560, 34, 26


@dataclass(frozen=True)
class Pair:
    """A row of the interval plot: two figures of one name."""

    name: str
    first: Figure
    second: Figure


def intervals(title: str, first: str, second: str, rows: Sequence[Pair]) -> Markup:
    """Two shares a row with their intervals: a disc on a solid line, a square on a dashed one; `?` where not known."""
    height = TOP + ROW * len(rows) + 28
    parts = [
        Markup(
            '<svg class="plot" fill="currentColor" font-size="12" viewBox="0 0 {} {}" role="img" aria-label="{}">'
        ).format(WIDTH, height, title),
        *(_tick(share / 4, height) for share in range(5)),
        Markup('<circle cx="{}" cy="9" r="4.5" fill="currentColor"/><text x="{}" y="13">{}</text>').format(
            LEFT, LEFT + 10, first
        ),
        Markup('<rect x="{}" y="5" width="8" height="8" fill="none" stroke="currentColor"/>').format(LEFT + 120),
        Markup('<text x="{}" y="13">{}</text>').format(LEFT + 134, second),
    ]
    for index, row in enumerate(rows):
        y = TOP + ROW * index + 14
        parts.append(Markup('<text x="0" y="{}">{}</text>').format(y + 4, row.name.replace("_", " ")))
        parts.append(_bar(row.first, y - 6, square=False))
        parts.append(_bar(row.second, y + 7, square=True))
    return Markup("").join([*parts, Markup("</svg>")])


def line(title: str, points: Sequence[tuple[str, Figure]]) -> Markup:
    """A figure over time with its intervals as whiskers; weeks without one are left out."""
    known = [(name, figure) for name, figure in points if figure.value is not None]
    if not known:
        return Markup("")
    top = max(max(f.high or f.value or 0.0, f.value or 0.0) for _, f in known) or 1.0
    step = (WIDTH - 90) / max(len(known) - 1, 1)

    def y(value: float) -> float:
        return 130 - 110 * value / top

    spots = [(60 + step * index, name, figure) for index, (name, figure) in enumerate(known)]
    parts = [
        Markup(
            '<svg class="plot" fill="currentColor" font-size="12" viewBox="0 0 {} 160" role="img" aria-label="{}">'
        ).format(WIDTH, title),
        Markup('<path d="M50 15V130H{}" fill="none" stroke="currentColor" opacity="0.5"/>').format(WIDTH - 20),
        Markup('<text x="44" y="24" text-anchor="end">{:.2g}</text>').format(top),
        Markup('<text x="44" y="134" text-anchor="end">0</text>'),
        Markup('<polyline points="{}" fill="none" stroke="currentColor"/>').format(
            " ".join(f"{x:.1f},{y(f.value or 0.0):.1f}" for x, _, f in spots)
        ),
    ]
    for index, (x, name, figure) in enumerate(spots):
        if figure.low is not None and figure.high is not None:
            parts.append(
                Markup('<path d="M{:.1f} {:.1f}V{:.1f}" stroke="currentColor"/>').format(
                    x, y(figure.low), y(figure.high)
                )
            )
        parts.append(
            Markup('<circle cx="{:.1f}" cy="{:.1f}" r="3.5" fill="currentColor"/>').format(x, y(figure.value or 0.0))
        )
        if index in (0, len(spots) - 1):
            anchor = "start" if index == 0 else "end"
            parts.append(Markup('<text x="{:.1f}" y="152" text-anchor="{}">{}</text>').format(x, anchor, name))
    return Markup("").join([*parts, Markup("</svg>")])


def curve(title: str, across: str, up: str, points: Sequence[tuple[str, Figure, Figure]]) -> Markup:
    """A curve of two shares, each point with the interval of the second as a whisker; the first and last are named."""
    known = [(name, x, y) for name, x, y in points if x.value is not None and y.value is not None]
    if not known:
        return Markup("")
    side, low, right = 60, 250, WIDTH - 40

    def at(x: float, y: float) -> tuple[float, float]:
        return side + (right - side) * x, low - 220 * y

    parts = [
        Markup(
            '<svg class="plot" fill="currentColor" font-size="12" viewBox="0 0 {} 292" role="img" aria-label="{}">'
        ).format(WIDTH, title),
        Markup('<text x="{}" y="288" text-anchor="end">{}</text><text x="{}" y="16">{}</text>').format(
            right, across, side, up
        ),
    ]
    for step in range(5):
        x, y = at(step / 4, step / 4)
        parts.append(
            Markup(
                '<path d="M{0:.0f} 30V{2}M{3} {1:.0f}H{4}" stroke="currentColor" opacity="0.2"/>'
                '<text x="{0:.0f}" y="{5}" text-anchor="middle">{6:.0%}</text><text x="{7}" y="{8:.0f}" text-anchor="end">{6:.0%}</text>'
            ).format(x, y, low, side, right, low + 18, step / 4, side - 6, y + 4)
        )
    spots = [(name, *at(x.value or 0.0, y.value or 0.0), y) for name, x, y in known]
    joined = " ".join(f"{x:.1f},{y:.1f}" for _, x, y, _ in spots)
    parts.append(Markup('<polyline points="{}" fill="none" stroke="currentColor"/>').format(joined))
    for index, (name, x, y, figure) in enumerate(spots):
        if figure.low is not None and figure.high is not None:
            ends = low - 220 * figure.low, low - 220 * figure.high
            whisker = Markup('<path d="M{:.1f} {:.1f}V{:.1f}" stroke="currentColor" opacity="0.5"/>')
            parts.append(whisker.format(x, *ends))
        parts.append(Markup('<circle cx="{:.1f}" cy="{:.1f}" r="3.5" fill="currentColor"/>').format(x, y))
        if index in (0, len(spots) - 1):
            beside = (x + 8, y + 16, "start") if index == 0 and x < right - 80 else (x - 8, y + 16, "end")
            parts.append(Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(*beside, name))
    return Markup("").join([*parts, Markup("</svg>")])


def _x(share: float) -> float:
    return LEFT + share * (WIDTH - LEFT - 20)


def _tick(share: float, height: int) -> Markup:
    return Markup(
        '<path d="M{0:.1f} {1}V{2}" stroke="currentColor" opacity="0.25"/><text x="{0:.1f}" y="{3}" text-anchor="middle">{4:.0%}</text>'
    ).format(_x(share), TOP, height - 24, height - 8, share)


def _bar(figure: Figure, y: int, *, square: bool) -> Markup:
    if figure.value is None:
        return Markup('<text x="{:.1f}" y="{}">?</text>').format(_x(0) + 3, y + 4)
    bar = Markup("")
    if figure.low is not None and figure.high is not None:
        dash = Markup(' stroke-dasharray="4 3"') if square else Markup("")
        bar = Markup('<path d="M{:.1f} {}H{:.1f}" stroke="currentColor"{}/>').format(
            _x(figure.low), y, _x(figure.high), dash
        )
    x = _x(figure.value)
    if square:
        return bar + Markup(
            '<rect x="{:.1f}" y="{}" width="8" height="8" fill="Canvas" stroke="currentColor"/>'
        ).format(x - 4, y - 4)
    return bar + Markup('<circle cx="{:.1f}" cy="{}" r="4.5" fill="currentColor"/>').format(x, y)
