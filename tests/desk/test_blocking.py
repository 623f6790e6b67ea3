"""What is left to fill in, and what only looks like it."""

from __future__ import annotations

import pytest

from service.desk.blocking import placeholders


@pytest.mark.parametrize(
    "left",
    [
        "[name]", "[Name]", "[company]", "[date]", "[COMPANY]", "[COMPANY_2]", "[manager's name]", "[manager’s name]",
        "[Company Name]", "[start date]", "[hiring manager name]", "[your team]", "[name of the company]", "[insert a number]",
        "[salary]", "[todo]", "{{name}}", "____", "TODO",
    ],
)  # fmt: skip
def test_what_is_left_to_fill_in_is_found(left: str) -> None:
    assert placeholders(f"Write to {left} tomorrow.") == [left]


@pytest.mark.parametrize(
    "text",
    [
        "Read [name](https://example.org/a) and [the guide](https://example.org/b) first.",
        "Read [company][1].\n\n[1]: https://example.org/a",
        "Read [company].\n\n[company]: https://example.org/a",
        "As others said[1], and again[^name].",
        "- [x] ask\n- [X] write\n- [ ] wait",
        "Call `greet([name])` or ``{{date}} ` [company]``.",
        "```\n[company] = TODO\n____\n```\nDone.",
        "~~~\n[date]",
        "“I told [them] that I left [at another company] [sic] and [their] team [...] agreed.”",
    ],
)
def test_links_footnotes_checkboxes_code_and_an_editors_words_are_left_alone(text: str) -> None:
    assert placeholders(text) == []


def test_one_open_backtick_hides_nothing() -> None:
    assert placeholders("A stray ` here.\n\nDear [name], and `this` is for [company].") == ["[name]", "[company]"]
