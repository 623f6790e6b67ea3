"""A failure that becomes a verdict, a lost post, or silence about either."""

from __future__ import annotations

from eval.metric import Metric, once


def metrics() -> tuple[Metric, ...]:
    """What must hold whatever fails."""
    names = {
        "kept": "a post is lost",
        "told": "a failure is hidden",
        "no_verdict": "a failure becomes a verdict",
        "in_time": "a failure hangs",
    }

    def of(name: str, harm: str) -> Metric:
        return Metric(
            name.replace("_", " "), harm, lambda _case, output: once(output[name]) if name in output else None,
            margin=0.0, target=1.0, by_slice=False,
        )  # fmt: skip

    return tuple(of(name, harm) for name, harm in names.items())
