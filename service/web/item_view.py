"""What the page of one item shows, made from what the API answers."""

from __future__ import annotations

from typing import Any

from service.flagging.flag import Flag
from service.web.deciding_form import card_text
from service.web.highlight import highlighted

VERDICTS = (
    ("agree", "Agree", "a", "The flags are right"),
    ("change", "Change", "c", "Some are right: say which below"),
    ("dismiss", "Dismiss", "d", "Fine as it is"),
    ("misplaced", "Misplaced", "m", "Fine, but belongs elsewhere"),
    ("second_look", "Second look", "s", "Let somebody else decide"),
)


def item_values(shown: dict[str, Any], vocabulary: list[str], written: dict[str, Any]) -> dict[str, Any]:
    """Values for `review_item.html`; `written` is a refused form, so that nothing typed is lost."""
    flags = [Flag.model_validate(flag) for flag in shown["assessment"]["flags"]]
    post = shown["post"]
    suggested = [tag["tag"] for tag in shown["assessment"]["tags"]]
    kept = shown["kept_tags"]
    chips = list(dict.fromkeys([*(kept or []), *(t for t in post["tags"] if t in vocabulary), *suggested]))
    ticked = kept if kept is not None else chips
    marked = written["tags"] if isinstance(written.get("tags"), list) else ticked
    return {
        "item": shown, "post": post, "flags": flags, "title": highlighted(post["title"], "title", flags),
        "body": highlighted(post["body"], "body", flags), "verdicts": VERDICTS, "chips": chips, "ticked": ticked,
        "marked": marked,
        "more_tags": [tag for tag in vocabulary if tag not in chips],
        "cards": [(key, card, card_text(card)) for key, card in shown["cards"].items()],
        "written": {k: v for k, v in written.items() if isinstance(v, str)},
        "reason_wanted": sorted({shown["clauses"][f.category]["clause"] for f in flags
                                 if f.category in shown["clauses"] and shown["clauses"][f.category]["reason_required"]}),
    }  # fmt: skip
