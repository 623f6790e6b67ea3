"""No text makes a reader slow: four times the length takes about four times as long, never sixteen."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.flagging.detectors import DETECTORS
from service.flagging.finding import Detector, DetectorContext
from service.intake.normalise import ReadablePost, normalise
from service.intake.post import NewPost
from tests.flagging.almost import almost, patterns

SHORT, LONG = 3_000, 12_000
FREE_S = 0.004
"""Below this at the short length nothing is to be told."""
MOST = 9.0
"""Linear is 4, n log n under 5, quadratic 16."""
SAMPLES = 4
EVERY = patterns()
RUNS = ("a", "A", "Aa ", "1", "1 ", "1-", "1.", "(", "[", "<", "<!--", "&#", "@", "a@", "a.", "http://", "-", "_", "/", "=", "'", '"', " ", "\n",
        ".", "?", "!", "::", "ab12 ", "DE12 ", "me at x dot ", "\u200b", "\U000e0041", "死", "a\u0300", "not ", "my ", "he ", "((1", "{{", "x: ")  # fmt: skip


def seconds(work: Callable[[], object], tries: int = 3) -> float:
    """The least time this thread spent on it."""
    best = math.inf
    for _ in range(tries):
        begin = time.thread_time()
        work()
        best = min(best, time.thread_time() - begin)
    return best


def grows(read: Callable[[str], object], unit: str) -> float:
    """How much longer four times the text takes; 0 where even the short one takes no time to speak of."""

    def sized(size: int) -> str:
        return (unit * (size // len(unit) + 1))[:size]

    first = seconds(lambda: read(sized(SHORT)), 1)
    if first < FREE_S:
        return 0.0
    least = math.inf
    for _ in range(3):  # a busy machine may spoil one measurement; what is quadratic stays so
        short = max(min(first, seconds(lambda: read(sized(SHORT)))), FREE_S / 4)
        least = min(least, seconds(lambda: read(sized(LONG))) / short)
        if least < MOST:
            break
    return least


def reader(detector: Detector) -> Callable[[str], object]:
    """The detector over a body, without the cost of making it readable."""
    context = DetectorContext()
    known: dict[str, ReadablePost] = {}

    def read(text: str) -> object:
        if text not in known:
            known.clear()
            known[text] = normalise(NewPost(site="s", external_id="1", title="t", body=text, format="text"))
        return detector.detect(known[text], context)

    return read


@pytest.mark.parametrize(("module", "pattern"), EVERY, ids=[f"{name}-{n}" for n, (name, _) in enumerate(EVERY)])
def test_no_pattern_backtracks_over_what_nearly_matches_it(module: str, pattern: re.Pattern[str]) -> None:
    for seed in range(SAMPLES):
        for joint in ("", " "):
            unit = almost(pattern, seed) + joint
            grown = grows(lambda text: sum(1 for _ in pattern.finditer(text)), unit)
            assert grown < MOST, f"{module}: ×{grown:.1f} on repeats of {unit[:60]!r}"


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda d: d.name)
def test_no_detector_is_slow_on_runs(detector: Detector) -> None:
    read = reader(detector)
    for unit in RUNS:
        grown = grows(read, unit)
        assert grown < MOST, f"×{grown:.1f} on repeats of {unit!r}"


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(
    number=st.integers(0, len(DETECTORS) - 1),
    pieces=st.lists(
        st.one_of(
            st.sampled_from(RUNS),
            st.builds(lambda n, seed: almost(EVERY[n][1], seed), st.integers(0, len(EVERY) - 1), st.integers(0, 99)),
            st.text(min_size=1, max_size=6),
        ),
        min_size=1, max_size=5,
    ),
)  # fmt: skip
def test_no_mixture_makes_a_detector_slow(number: int, pieces: list[str]) -> None:
    unit = "".join(pieces).replace("\x00", "").encode("utf-8", "ignore").decode("utf-8") or "a"
    grown = grows(reader(DETECTORS[number]), unit)
    assert grown < MOST, f"{DETECTORS[number].name}: ×{grown:.1f} on repeats of {unit!r}"
