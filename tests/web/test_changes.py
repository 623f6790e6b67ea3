from __future__ import annotations

from difflib import unified_diff

from service.web.changes import rows_of


def diff(old: list[str], new: list[str]) -> str:
    """The unified diff of two lists of lines."""
    ended = ([f"{line}\n" for line in lines] for lines in (old, new))
    return "".join(unified_diff(*ended, "a", "b"))


def test_a_changed_line_marks_the_words_that_changed() -> None:
    rows = rows_of(diff(["keep", "Be kind and brief."], ["keep", "Be kind and honest."]))
    assert [(row.kind, row.before, row.after) for row in rows] == [("same", 1, 1), ("cut", 2, None), ("new", None, 2)]
    assert rows[1].text == "Be kind and <del>brief</del>." and rows[2].text == "Be kind and <ins>honest</ins>."


def test_lines_without_likeness_are_shown_whole_and_numbers_follow() -> None:
    rows = rows_of(diff(["one", "alpha beta gamma", "end"], ["one", "1234", "5678", "end"]))
    assert [(row.kind, row.before, row.after) for row in rows] == [
        ("same", 1, 1), ("cut", 2, None), ("new", None, 2), ("new", None, 3), ("same", 3, 4),
    ]  # fmt: skip
    assert "<del>" not in rows[1].text


def test_distant_changes_leave_a_gap_and_markup_stays_text() -> None:
    lines = [f"line {n}" for n in range(30)]
    rows = rows_of(diff(lines, ["<b>new</b>", *lines, "<script>"]))
    assert [row.kind for row in rows].count("gap") == 1
    assert rows[0].text == "&lt;b&gt;new&lt;/b&gt;" and rows[-1].text == "&lt;script&gt;"
    assert (rows[-1].kind, rows[-1].after) == ("new", 32)


def test_nothing_differs() -> None:
    assert rows_of("") == []
