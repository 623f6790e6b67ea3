from __future__ import annotations

import re
from typing import Any

from tests.review.conftest import PRIVATE
from tests.web.test_review_pages import signed_in


def test_the_page_draws_what_its_tables_say(desk: Any) -> None:
    desk.decide(desk.item_of(desk.send("a", PRIVATE)), "agree")
    client = signed_in(desk, "moderator")
    answer = client.get("/quality")
    assert answer.status_code == 200
    text = answer.text
    assert text.count("<svg") >= 1 and 'role="img"' in text and "personal information" in text
    assert "unknown: no post of the audit sample was decided" in text
    assert "Cost of model calls" not in text
    assert not re.search(r'<svg[^>]*style=|<[a-z]+[^>]* style="', text), "the content policy allows no inline style"
