"""How good the machine is, as people's judgements show it: the figures of `/v1/quality`, drawn and in tables."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from service.api.calling import stations_of
from service.api.quality import measured
from service.feedback.estimates import Figure
from service.feedback.quality import METHODS, TagPoint
from service.web import plots
from service.web.plots import Pair
from service.web.rendering import PageRoute, Place, SignedInOf, page, templates

PLACES = (Place("/quality", "Quality", "quality"),)
WINDOWS = (7, 30, 90, 365)
router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/quality")
def quality(request: Request, signed_in: SignedInOf, days: int = 90, prompt: str = "", lang: str = "") -> Response:
    """Both error rates, agreement, edits, time and cost."""
    stations, caller = stations_of(request), signed_in.caller
    window = min(max(days, 1), 730)
    slices = {"lang": lang[:100]} if lang else {}
    found = measured(stations, caller, None, window, prompt=prompt[:100] or None, slices=slices)
    steps = distinct(found.tag_curve)
    rows = [Pair(r.name, r.precision, r.recall) for r in [found.overall, *found.categories]]
    return page(
        request, "quality.html", signed_in, found=found, days=window, windows=WINDOWS, prompt=prompt, lang=lang,
        methods=METHODS,
        rates_plot=plots.intervals("Precision and recall by category, with 95 % intervals", "precision", "recall", rows),
        edit_plot=plots.line("Mean edit distance by week", [(w.since, w.figure) for w in found.edit_weeks]),
        tag_plot=plots.curve(
            "Precision of suggested tags against coverage, with 95 % intervals", "posts with a suggestion",
            "suggestions that were kept", [(f"from {p.cut:.2f}", p.coverage, p.precision) for p in steps],
        ),
        steps=steps,
        cost_plot=plots.line("Cost of model calls by day in US dollars", [(d.since, d.figure) for d in found.cost_days]),
    )  # fmt: skip


def distinct(curve: list[TagPoint]) -> list[TagPoint]:
    """The points where something changes: of several with the same figures the highest cut stays."""
    last = {(point.coverage, point.precision): point for point in curve}
    return sorted(last.values(), key=lambda point: point.cut)


def percent(figure: Figure) -> str:
    """A share in words: value, interval, n; `unknown` with the reason where it is not known."""
    if figure.value is None:
        return f"unknown: {figure.unknown}"
    if figure.low is None or figure.high is None:
        return f"{figure.value:.0%} (n {figure.n})"
    return f"{figure.value:.0%} ({figure.low:.0%} to {figure.high:.0%}, n {figure.n})"


def number(figure: Figure) -> str:
    """Any other figure in words."""
    if figure.value is None:
        return f"unknown: {figure.unknown}"
    if figure.low is None or figure.high is None or figure.low == figure.high:
        return f"{figure.value:.3g} (n {figure.n})"
    return f"{figure.value:.3g} ({figure.low:.3g} to {figure.high:.3g}, n {figure.n})"


templates.filters["percent"] = percent
templates.filters["number"] = number
