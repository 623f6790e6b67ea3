from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from eval.loading import shipped
from eval.simulation import noticing, showing
from eval.simulation.population import WAVE_FIRST, WAVE_LAST, month
from eval.simulation.running import Plan, simulate
from eval.subjects import World


def test_a_month_is_the_same_for_the_same_seed_and_its_wave_comes_in_time() -> None:
    rows = shipped("posts/voices_*").rows
    posts = month(rows, 3000, 30, "sample", 1)
    assert posts == month(rows, 3000, 30, "sample", 1) != month(rows, 3000, 30, "sample", 2)
    assert Counter(post.day for post in posts) == dict.fromkeys(range(30), 100)
    wave = {post.day for post in posts if post.wave}
    assert wave == set(range(WAVE_FIRST, WAVE_LAST + 1))
    first, last = (sum(bool(p.categories) for p in posts if p.day in days) for days in (range(5), range(25, 30)))
    assert last > 1.2 * first, "the mix drifts"


def test_a_wave_is_noticed_once_its_misses_are_more_than_before_and_not_by_one_alone() -> None:
    quiet = [0] * 15
    assert noticing.noticed([*quiet, 0, 1, 0, 0], 15) is None
    assert noticing.noticed([*quiet, 1, 2, 1], 15) == 16
    assert noticing.noticed([2] * 15 + [2, 2, 3, 2], 15) is None
    assert noticing.tail(2, 1.0) == pytest.approx(0.26424, abs=1e-4)


def test_a_short_month_runs_through_the_service_and_counts_what_it_did(tmp_path: Path) -> None:
    plan = Plan(
        posts=60, days=6, refit_every=2, gate_cases=6, moderators=1, audit_share=1.0, minutes_a_day=10.8, reported=0.0,
        with_threads=False,
    )  # fmt: skip
    with World() as world:
        run = simulate(world, plan)
    assert run["synthetic"] is True and sum(day["posts"] for day in run["days"]) == 60
    assert all(day["decided"] <= 9 for day in run["days"]), "moderators go home"
    assert run["days"][-1]["waiting"] > 0 and run["minutes"]["audit"] > 0
    first = run["days"][0]
    assert first["reached"]["loop"] == first["reached"]["frozen"], "nothing is learnt on the first day"
    assert [bool(day["refit"]) for day in run["days"]] == [False, True, False, True, False, False]
    page = showing.write(run, tmp_path).read_text("utf-8")
    assert "SYNTHETIC" in page and page.count("<svg") == 1 and page.count("<tr>") == 7
    assert json.loads((tmp_path / "simulation.json").read_text("utf-8")) == run
