"""A suggested redaction leaves nothing of what it was made for."""

from __future__ import annotations

import pytest

from service.flagging.flag import Care, Flag, Quote
from service.intake.post import NewPost
from service.review.redaction import suggested

ADDRESSES = [f"{name}.fitzwilliam@bigbank.co.uk" for name in ("ann", "bob", "cleo", "dan", "eve", "fay", "gus", "hal")]


def post(body: str, **more: object) -> NewPost:
    """A post as a site sends it."""
    return NewPost.model_validate(
        {"site": "acme", "external_id": "p1", "title": "Who to write to", "body": body, **more}
    )


def flag(body: str, quoted: list[str], category: str = "personal_information") -> Flag:
    """A flag that quotes some stretches of a body."""
    quotes = [Quote(field="body", start=body.index(q), end=body.index(q) + len(q), text=q) for q in quoted]
    return Flag.model_validate(
        {
            "id": "f1", "category": category, "clause": "1.1", "probability": 0.9, "calibrated": True, "band": "high",
            "severity": "high", "care": Care(kind="redaction", id="c"), "quotes": quotes, "reason": "", "counter_reading": "",
            "found_by": [],
        }
    )  # fmt: skip


def test_what_a_flag_had_no_room_to_quote_is_taken_out_too() -> None:
    body = "Write to " + ", ".join(ADDRESSES) + " or call +44 7700 900123. I was born on 3 May 1990."
    redacted = suggested(post(body), [flag(body, ADDRESSES[:5])])
    assert redacted is not None
    assert "@" not in redacted.body and "900123" not in redacted.body and "1990" not in redacted.body
    assert redacted.body.startswith("Write to [removed: personal information], [removed: personal information]")
    assert redacted.title == "Who to write to"


@pytest.mark.parametrize("format_", ["markdown", "html"])
def test_an_address_behind_a_link_is_taken_out_too(format_: str) -> None:
    link = (
        "[mail](mailto:hal@bigbank.co.uk)" if format_ == "markdown" else '<a href="mailto:hal@bigbank.co.uk">mail</a>'
    )
    body = f"Write to ann@bigbank.co.uk or {link}."
    redacted = suggested(post(body, format=format_), [flag(body, ["ann@bigbank.co.uk"])])
    assert redacted is not None and "@" not in redacted.body and "mail" in redacted.body


def test_another_kind_of_flag_takes_out_what_it_quotes() -> None:
    body = "Our margin is 31% in the third quarter; ask ann@bigbank.co.uk."
    redacted = suggested(post(body), [flag(body, ["margin is 31%"], "confidential_business")])
    assert redacted is not None
    assert redacted.body == "Our [removed: confidential business] in the third quarter; ask ann@bigbank.co.uk."
