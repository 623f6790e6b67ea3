"""Private data that leaves the machine, or that nobody is told of."""

from __future__ import annotations

from eval.metric import Case, Marks, Metric, Output, f1


def leaked(kind: str, *, margin: float | None = 0.0, target: float | None = 0.0) -> Metric:
    """Share of planted data of one kind that stands in what would leave."""

    def marks(_case: Case, output: Output) -> Marks | None:
        got = [[float(leak), 1.0] for k, leak in output["leaks"] if k == kind]
        return got or None

    return Metric(
        f"{kind} got out", f"a {kind} leaves the machine", marks, better="lower", margin=margin, target=target
    )


def restored() -> Metric:
    """Answers that come back with everything as it was."""

    def marks(_case: Case, output: Output) -> Marks:
        return [[float(output["restored"]), 1.0]]

    return Metric("restored exactly", "an answer comes back damaged", marks, margin=0.0, target=1.0, by_slice=False)


def kept(*, target: float | None = None) -> Metric:
    """Share of the words that are no private data and were left alone."""

    def marks(_case: Case, output: Output) -> Marks | None:
        return [[float(output["masked_chars"]), float(output["clean_chars"])]] if output.get("clean_chars") else None

    return Metric("clean text masked", "the model reads holes", marks, better="lower", margin=0.01, target=target)


def found(kind: str, *, target: float | None = None) -> Metric:
    """F1 of spans of one kind: an overlap with the right kind counts."""

    def marks(_case: Case, output: Output) -> Marks | None:
        counts = output["spans"].get(kind)
        return [counts] if counts else None

    return Metric(f"F1 {kind}", f"a {kind} is missed or made up", marks, of_sums=f1, margin=0.02, target=target)
