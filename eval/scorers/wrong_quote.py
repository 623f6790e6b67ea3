"""A quote that is not in the post, or words that do not show the concern: the moderator reads the wrong lines."""

from __future__ import annotations

from eval.metric import Case, Marks, Metric, Output


def verbatim() -> Metric:
    """Share of quotes that are exactly the slice of the field they name."""

    def marks(case: Case, output: Output) -> Marks | None:
        quotes = [quote for flag in output["flags"] for quote in flag["quotes"]]
        exact = [getattr(case.row, q["field"])[q["start"] : q["end"]] == q["text"] for q in quotes]
        return [[float(e), 1.0] for e in exact] or None

    return Metric("quotes verbatim", "a quote is not in the post", marks, margin=0.0, target=1.0, by_slice=False)


def on_the_words(*, margin: float | None) -> Metric:
    """Of flags raised rightly, the share with a quote that overlaps one a person marked."""

    def marks(case: Case, output: Output) -> Marks | None:
        labelled = {flag.category: flag.quotes for flag in case.row.flags}
        found = []
        for flag in output["flags"]:
            if flag["band"] == "low" or not labelled.get(flag["category"]):
                continue
            met = any(
                q["field"] == quote.field and _overlap(q["start"], q["end"], getattr(case.row, quote.field), quote.text)
                for q in flag["quotes"]
                for quote in labelled[flag["category"]]
            )
            found.append([float(met), 1.0])
        return found or None

    return Metric("quotes on the decisive words", "a quote shows the wrong words", marks, margin=margin)


def _overlap(start: int, end: int, field: str, text: str) -> bool:
    begin = field.find(text)
    while begin >= 0:
        if start < begin + len(text) and begin < end:
            return True
        begin = field.find(text, begin + 1)
    return False
