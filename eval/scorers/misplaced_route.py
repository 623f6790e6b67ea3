"""A post sent to the wrong place: too late to help, or kept back without need."""

from __future__ import annotations

from eval.metric import Case, Marks, Metric, Output, once

STRENGTH = {"publish": 0, "review": 1, "urgent_review": 2, "hold": 3}


def metrics(*, margin: float | None) -> tuple[Metric, ...]:
    """Exact routes, urgent posts seen at once, and posts that should be looked at but go through."""

    def exact(case: Case, output: Output) -> Marks:
        return once(output["route"] == case.row.route)

    def urgent(case: Case, output: Output) -> Marks | None:
        return once(output["route"] == "urgent_review") if case.row.route == "urgent_review" else None

    def looked_at(case: Case, output: Output) -> Marks | None:
        return once(output["route"] != "publish") if case.row.route != "publish" else None

    def held(case: Case, output: Output) -> Marks | None:
        return once(case.row.route == "hold") if output["route"] == "hold" else None

    return (
        Metric("route exact", "a post goes to the wrong place", exact, margin=margin),
        Metric("urgent seen at once", "an urgent post waits", urgent, margin=margin),
        Metric("concerns looked at", "a post with a concern goes through", looked_at, margin=margin),
        Metric("held rightly", "a post is held that is no spam or abuse", held),
    )


def expected(case: Case, output: Output) -> Marks:
    """Whether a golden post meets everything it expects."""
    row, raised = case.row, {flag["category"] for flag in output["flags"] if flag["band"] != "low"}
    return once(
        (row.route is None or output["route"] == row.route)
        and set(row.flags_present) <= raised
        and not raised & set(row.flags_absent)
        and (not row.tags_any_of or bool({tag for tag, _ in output["tags"]} & set(row.tags_any_of)))
    )
